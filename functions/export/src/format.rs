//! File formats and their options.

use serde::{Deserialize, Serialize};

/// Raised when the same rows would give other bytes than before; part of every fingerprint.
pub const ENCODER_VERSION: u32 = 3;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

/// How files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
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
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CsvOptions {
    /// One ASCII character between fields.
    pub delimiter: char,
    /// What stands for NULL.
    pub null: String,
    /// Whether each file begins with the column names.
    pub header: bool,
    /// Whether a text that a spreadsheet would run as a formula gets an apostrophe in front.
    pub formula_guard: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: ',', null: String::new(), header: true, formula_guard: false }
    }
}

/// Whether a spreadsheet may take a text for a formula; the guard puts an apostrophe before it.
///
/// Source: OWASP, *CSV injection*.
#[inline]
pub fn is_formula(text: &[u8]) -> bool {
    /// `＝ ＋ － ＠`, which some programs read as the others.
    const WIDE: [&[u8]; 4] = ["＝".as_bytes(), "＋".as_bytes(), "－".as_bytes(), "＠".as_bytes()];
    match text.first() {
        Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | b'\n') => true,
        Some(0xEF) => WIDE.iter().any(|wide| text.starts_with(wide)),
        _ => false,
    }
}

/// All that decides a file's form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// How rows are written.
    pub format: Format,
    /// How the file is compressed.
    pub compression: Compression,
    /// Options of CSV.
    pub csv: CsvOptions,
}

impl Format {
    /// How files are compressed when the request does not say.
    pub fn default_compression(self) -> Compression {
        match self {
            Self::Csv | Self::Ndjson => Compression::Gzip,
            Self::Parquet => Compression::Zstd,
        }
    }

    /// The ways in which its files may be compressed.
    pub fn compressions(self) -> &'static [Compression] {
        match self {
            Self::Csv | Self::Ndjson => &[Compression::Gzip, Compression::Zstd, Compression::None],
            Self::Parquet => &[Compression::Zstd, Compression::Snappy, Compression::None],
        }
    }
}

impl Output {
    /// The end of a file's name: `csv`, `csv.gz`, `parquet`. Parquet compresses inside of the file.
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

    /// The media type of a file.
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
