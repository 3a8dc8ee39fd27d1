//! COPY BINARY → blocks of whole rows → fields.
//!
//! Total: whatever bytes arrive, the answer is rows or an error. The stream is complete only if its
//! trailer was seen, nothing followed it, and it ended.

mod array;
mod fields;
mod framing;

pub use array::{Array, Dimension, MAX_DIMENSIONS, Position};
pub use fields::{Fields, Malformed};
pub use framing::{Block, Framing, Limits};

/// Bytes that are not a COPY BINARY stream of these columns, or a value beyond the limits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The first bytes are not PostgreSQL's.
    #[error("the stream does not begin with the signature of COPY BINARY")]
    Signature,
    /// A flag that changes the meaning of what follows.
    #[error("the stream has critical flags {0:#x} that are not known")]
    Flags(u32),
    /// A header or row that cannot be.
    #[error("the stream is malformed at row {row}: {what}")]
    Malformed {
        /// Counted from 1.
        row: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The select list and the catalog disagree.
    #[error("row {row} has {found} fields instead of {expected}")]
    FieldCount {
        /// Counted from 1.
        row: u64,
        /// Fields in the row.
        found: i16,
        /// Columns of the selection.
        expected: usize,
    },
    /// A value that would not fit in memory.
    #[error("row {row}: the value of column \"{column}\" has {bytes} bytes, more than the limit of {limit}")]
    ValueTooLarge {
        /// Counted from 1.
        row: u64,
        /// Its name.
        column: String,
        /// Bytes of the value.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A row that would not fit in memory.
    #[error("row {row} has more than {limit} bytes")]
    RowTooLarge {
        /// Counted from 1.
        row: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// Something follows the trailer.
    #[error("bytes follow the end of the rows")]
    AfterEnd,
    /// The connection ended politely but too early.
    #[error("the stream ended before its trailer, after {0} rows")]
    NoTrailer(u64),
}
