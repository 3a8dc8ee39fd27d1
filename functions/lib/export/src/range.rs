//! Ranges: half-open, in the column's own type, and their calendar arithmetic.

mod bounds;
mod civil;
mod days;
mod settle;
mod slice;
mod span;

pub use bounds::{Bound, Bounds, BoundsError};
pub(crate) use civil::{civil, days_since_epoch};
pub use days::Days;
pub use settle::{MIN_SETTLE_SECS, Settle};
pub use slice::{Slice, SliceKind, uuid_bound};
pub use span::{DAY_MICROS, RangeKind, Span, format_micros};

use serde::{Deserialize, Serialize};

/// Part of a dataset that a chunk reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "of")]
pub enum Range {
    /// A half-open span of the range column.
    Span(Span),
    /// A half-open slice of a key: the dataset has no range column.
    Slice(Slice),
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
            Self::Slice(_) | Self::All | Self::Null => None,
        }
    }

    /// Returns the slice, if the range is one.
    pub fn slice(&self) -> Option<Slice> {
        match self {
            Self::Slice(slice) => Some(*slice),
            Self::Span(_) | Self::All | Self::Null => None,
        }
    }

    /// Returns the two bounds of a span or a slice.
    pub fn bounds(&self) -> Option<(i64, i64)> {
        match self {
            Self::Span(span) => Some((span.start, span.end)),
            Self::Slice(slice) => Some((slice.start, slice.end)),
            Self::All | Self::Null => None,
        }
    }

    /// Splits into at most `parts` ranges that tile this one; one if it cannot be divided.
    pub fn split(&self, parts: u32) -> Vec<Self> {
        match self {
            Self::Span(span) => span.split(parts).into_iter().map(Self::Span).collect(),
            Self::Slice(slice) => slice.split(parts).into_iter().map(Self::Slice).collect(),
            Self::All | Self::Null => vec![*self],
        }
    }
}
