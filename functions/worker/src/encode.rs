//! Blocks of rows → bytes of a file format.
//!
//! What a column's values need is decided once, before the first row: see [`mod@column`].

pub mod column;

mod csv;
mod shortest;

use export::column::Column;
use export::format::{Format, Output};

use crate::decode::{Block, Malformed};
pub use csv::Csv;

/// Writes blocks in a format. Several encoders may share the blocks of one file between them.
pub trait Encode: Send {
    /// Appends the rows of a block; before the very first row also what a file begins with.
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// A value that is not what its column's type says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}: the value of column \"{column}\" is not in the binary form of its type")]
pub struct EncodeError {
    /// Counted from 1.
    pub row: u64,
    /// The column's name.
    pub column: String,
}

/// The encoder for an output.
pub fn encoder(columns: &[Column], output: &Output) -> Box<dyn Encode> {
    match output.format {
        Format::Csv => Box::new(Csv::new(columns, &output.csv)),
    }
}

impl EncodeError {
    fn new(row: u64, column: &str) -> impl FnOnce(Malformed) -> Self {
        move |Malformed| Self { row, column: column.to_owned() }
    }
}
