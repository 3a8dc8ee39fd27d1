//! Decoding: COPY BINARY → blocks of whole rows → fields.
//!
//! It accepts any input and returns either rows or an error. The stream is complete only if its trailer was seen,
//! nothing followed it, and it ended.

mod array;
mod fields;
mod framing;

pub use array::{Array, Dimension, MAX_DIMENSIONS, Position};
pub use fields::{Fields, Malformed};
pub use framing::{Block, Framing, FramingLimits};

/// Error in a COPY BINARY stream of these columns, or a value beyond the limits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The signature is missing at the start of the stream.
    #[error("the stream does not begin with the signature of COPY BINARY")]
    Signature,
    /// An unknown flag that changes the meaning of the stream.
    #[error("the stream has unknown critical flags {0:#x}")]
    Flags(u32),
    /// An invalid header or row.
    #[error("the stream is malformed at row {row}: {what}")]
    Malformed {
        /// Row number, counted from 1.
        row: u64,
        /// Description of the error.
        what: &'static str,
    },
    /// The select list and the catalog differ.
    #[error("row {row} has {found} fields instead of {expected}")]
    FieldCount {
        /// Row number, counted from 1.
        row: u64,
        /// Number of fields in the row.
        found: i16,
        /// Number of columns of the selection.
        expected: usize,
    },
    /// A value that is too large for memory.
    #[error("row {row}: the value of column \"{column}\" has {bytes} bytes, more than the limit of {limit}")]
    ValueTooLarge {
        /// Row number, counted from 1.
        row: u64,
        /// Name of the column.
        column: String,
        /// Size of the value in bytes.
        bytes: usize,
        /// Maximum size in bytes.
        limit: usize,
    },
    /// A row that is too large for memory.
    #[error("row {row} has more than {limit} bytes")]
    RowTooLarge {
        /// Row number, counted from 1.
        row: u64,
        /// Maximum size in bytes.
        limit: usize,
    },
    /// Data after the trailer.
    #[error("the stream continues after its end marker")]
    AfterEnd,
    /// The connection ended without an error but too early.
    #[error("the stream ended before its trailer, after {0} rows")]
    NoTrailer(u64),
}
