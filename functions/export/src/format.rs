//! File formats and their options.

use serde::{Deserialize, Serialize};

/// Raised when the same rows would give other bytes than before; part of every fingerprint.
pub const ENCODER_VERSION: u32 = 1;

/// How rows are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// PostgreSQL's CSV.
    #[default]
    Csv,
}

/// How files are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip (RFC 1952), several members.
    #[default]
    Gzip,
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
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { delimiter: ',', null: String::new(), header: true }
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

impl Output {
    /// The end of a file's name: `csv`, `csv.gz`.
    pub fn extension(&self) -> &'static str {
        match (self.format, self.compression) {
            (Format::Csv, Compression::None) => "csv",
            (Format::Csv, Compression::Gzip) => "csv.gz",
        }
    }

    /// The media type of a file.
    pub fn media_type(&self) -> &'static str {
        match (self.format, self.compression) {
            (Format::Csv, Compression::None) => "text/csv; charset=utf-8",
            (Format::Csv, Compression::Gzip) => "application/gzip",
        }
    }
}
