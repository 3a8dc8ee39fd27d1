//! What the planner of PostgreSQL believes about a dataset, per month.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Estimates of one dataset, taken from `EXPLAIN` at `catalog apply`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetEstimate {
    /// The whole dataset.
    pub total: Size,
    /// By calendar month of the range column in its own type, `2024-01`; months without an entry are
    /// outside what was estimated.
    #[serde(default)]
    pub months: BTreeMap<String, Size>,
    /// Whether a typical range is read through an index (or by pruning partitions).
    pub indexed: bool,
}

/// Rows and bytes of binary COPY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// Rows.
    pub rows: u64,
    /// Bytes as they cross the wire: rows times the planner's width.
    pub bytes: u64,
}
