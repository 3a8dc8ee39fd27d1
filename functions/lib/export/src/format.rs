//! File formats and their options.

use serde::{Deserialize, Serialize};

/// Version of the encoders, raised when the same rows would give other bytes than before; part of every fingerprint.
pub const ENCODER_VERSION: u32 = 3;

/// Format in which rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// PostgreSQL's CSV.
    #[default]
    Csv,
    /// One JSON object per line, as PostgreSQL's `row_to_json` writes it.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// Compression of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// No compression.
    None,
    /// gzip (RFC 1952), several members. Not for Parquet.
    #[default]
    Gzip,
    /// Zstandard (RFC 8878), one frame; of Parquet, the pages.
    Zstd,
    /// Snappy, for the pages of Parquet only.
    Snappy,
}

/// Options of CSV; the defaults are those of `COPY … (FORMAT csv, HEADER)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CsvOptions {
    /// ASCII character between fields.
    pub delimiter: char,
    /// Text written for NULL.
    pub null: String,
    /// True if each file begins with the column names.
    pub header: bool,
    /// True if a text that a spreadsheet would run as a formula is prefixed with an apostrophe.
    pub formula_guard: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: ',', null: String::new(), header: true, formula_guard: false }
    }
}

/// Returns true if a spreadsheet may read a text as a formula; the guard puts an apostrophe before it.
///
/// Source: OWASP, *CSV injection*.
#[inline]
pub fn is_formula(text: &[u8]) -> bool {
    /// `＝ ＋ － ＠`, which some programs read like their ASCII forms.
    const WIDE: [&[u8]; 4] = ["＝".as_bytes(), "＋".as_bytes(), "－".as_bytes(), "＠".as_bytes()];
    match text.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') => true,
        Some(0xEF) => WIDE.iter().any(|wide| text.starts_with(wide)),
        _ => false,
    }
}

/// Options that decide the form of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Format in which rows are written.
    pub format: Format,
    /// Compression of the file.
    pub compression: Compression,
    /// Options of CSV.
    pub csv: CsvOptions,
}

impl Format {
    /// Returns the compression of files if the request names none.
    pub fn default_compression(self) -> Compression {
        match self {
            Self::Csv | Self::Ndjson => Compression::Gzip,
            Self::Parquet => Compression::Zstd,
        }
    }

    /// Returns the compressions that the format allows.
    pub fn compressions(self) -> &'static [Compression] {
        match self {
            Self::Csv | Self::Ndjson => &[Compression::Gzip, Compression::Zstd, Compression::None],
            Self::Parquet => &[Compression::Zstd, Compression::Snappy, Compression::None],
        }
    }
}

impl Output {
    /// Returns the end of a file's name: `csv`, `csv.gz`, `parquet`. Parquet compresses inside of the file.
    pub fn extension(&self) -> &'static str {
        match (self.format, self.compression) {
            (Format::Parquet, _) => "parquet",
            (Format::Csv, Compression::Gzip) => "csv.gz",
            (Format::Csv, Compression::Zstd) => "csv.zst",
            (Format::Csv, _) => "csv",
            (Format::Ndjson, Compression::Gzip) => "ndjson.gz",
            (Format::Ndjson, Compression::Zstd) => "ndjson.zst",
            (Format::Ndjson, _) => "ndjson",
        }
    }

    /// Returns the media type of a file.
    pub fn media_type(&self) -> &'static str {
        match (self.format, self.compression) {
            (Format::Parquet, _) => "application/vnd.apache.parquet",
            (_, Compression::Gzip) => "application/gzip",
            (_, Compression::Zstd) => "application/zstd",
            (Format::Csv, _) => "text/csv; charset=utf-8",
            (Format::Ndjson, _) => "application/x-ndjson",
        }
    }
}
