//! Choice of the encoder for a format.

use export::column::Column;
use export::format::{Format, Output};

use super::Encode;
use super::csv::Csv;
use super::ndjson::Ndjson;
use super::parquet::Parquet;

/// Returns true if several encoders may share the blocks of one file.
pub fn shares_blocks(format: Format) -> bool {
    match format {
        Format::Csv | Format::Ndjson => true,
        Format::Parquet => false,
    }
}

/// Returns the encoder for an output.
pub fn encoder(columns: &[Column], output: &Output) -> Box<dyn Encode> {
    match output.format {
        Format::Csv => Box::new(Csv::new(columns, &output.csv)),
        Format::Ndjson => Box::new(Ndjson::new(columns)),
        Format::Parquet => Box::new(Parquet::new(columns, output)),
    }
}
