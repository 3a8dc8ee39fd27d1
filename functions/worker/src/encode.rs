//! Blocks of rows → bytes of a file format.
//!
//! What a column's values need is decided once, before the first row: see [`mod@column`].

pub mod column;

mod csv;
mod ndjson;
mod parquet;
mod scan;
mod shortest;

use export::column::Column;
use export::format::{Format, Output};

use crate::decode::{Block, Malformed};
pub use csv::Csv;
pub use ndjson::Ndjson;
pub use parquet::Parquet;

/// Writes blocks in a format.
pub trait Encode: Send {
    /// Appends the rows of a block; before the very first row also what a file begins with. An encoder
    /// may keep rows back.
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError>;

    /// After the last block: appends what was kept back, and what a file ends with.
    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), EncodeError> {
        Ok(())
    }
}

/// A value that cannot be written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {row}, column \"{column}\": {problem}")]
pub struct EncodeError {
    /// Counted from 1.
    pub row: u64,
    /// The column's name.
    pub column: String,
    /// What is wrong with it.
    pub problem: ValueProblem,
}

/// What is wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValueProblem {
    /// It is not what its column's type says.
    #[error("the value is not in the binary form of its type")]
    Malformed,
    /// The format has no place for it; says what it is, such as "infinity".
    #[error("{0} has no place in this format")]
    Unsupported(&'static str),
}

impl From<Malformed> for ValueProblem {
    fn from(Malformed: Malformed) -> Self {
        Self::Malformed
    }
}

/// Whether several encoders may share the blocks of one file between them.
pub fn shares_blocks(format: Format) -> bool {
    match format {
        Format::Csv | Format::Ndjson => true,
        Format::Parquet => false,
    }
}

/// The encoder for an output.
pub fn encoder(columns: &[Column], output: &Output) -> Box<dyn Encode> {
    match output.format {
        Format::Csv => Box::new(Csv::new(columns, &output.csv)),
        Format::Ndjson => Box::new(Ndjson::new(columns)),
        Format::Parquet => Box::new(Parquet::new(columns, output)),
    }
}

impl EncodeError {
    fn new<P: Into<ValueProblem>>(row: u64, column: &str) -> impl FnOnce(P) -> Self {
        move |problem| Self { row, column: column.to_owned(), problem: problem.into() }
    }
}
