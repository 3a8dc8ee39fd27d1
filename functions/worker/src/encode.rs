//! Encoding: blocks of rows → bytes of a file format.
//!
//! The conversion of each column is decided once, before the first row: see [`mod@column`].

pub mod column;

mod csv;
mod encoder;
mod ndjson;
mod parquet;
mod scan;
mod shortest;

use crate::decode::{Block, Malformed};
pub use encoder::{encoder, shares_blocks};

/// Encoder of blocks for one format.
pub trait Encode: Send {
    /// Appends the rows of a block, and the header of the file before the very first row. An encoder may hold rows
    /// back.
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// Appends the rows held back and the end of the file, after the last block.
    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }
}

/// Error for a value that cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}, column \"{column}\": {problem}")]
pub struct EncodeError {
    /// Row number, counted from 1.
    pub row: u64,
    /// Name of the column.
    pub column: String,
    /// Problem with the value.
    pub problem: ValueProblem,
}

/// Problem with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// The value is not valid for the type of its column.
    #[error("the value is not in the binary format of its type")]
    Malformed,
    /// The format cannot represent the value; names the value, such as "infinity".
    #[error("{0} cannot be represented in this format")]
    Unsupported(&'static str),
}

impl From<Malformed> for ValueProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

impl EncodeError {
    fn new<P: Into<ValueProblem>>(row: u64, column: &str) -> impl FnOnce(P) -> Self {
        move |problem| Self { row, column: column.to_owned(), problem: problem.into() }
    }
}
