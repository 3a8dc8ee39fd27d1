//! Ranges: half-open, in the column's own type, and their calendar arithmetic.

mod bounds;
mod civil;
mod days;
mod settle;
mod span;

pub use bounds::{Bound, Bounds, BoundsError};
pub(crate) use civil::{civil, days_since_epoch};
pub use days::Days;
pub use settle::{MIN_SETTLE_SECS, Settle};
pub use span::{DAY_MICROS, RangeKind, Span, format_micros};

use serde::{Deserialize, Serialize};

/// Part of a dataset that a chunk reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "of")]
pub enum Range {
    /// A half-open span of the range column.
    Span(Span),
    /// All rows: the dataset has no range column.
    All,
    /// The rows whose range column is NULL.
    Null,
}

impl Range {
    /// Returns the span, if the range is one.
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Span(span) => Some(*span),
            Self::All | Self::Null => None,
        }
    }
}
