//! What may be exported, and what an export would do.

use serde::{Deserialize, Serialize};

use crate::manifest::{ColumnHead, RangeText};

/// Body of `GET /datasets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetList {
    /// The catalog's revision.
    #[serde(default)]
    pub revision: String,
    /// The datasets the caller may see, by name.
    pub datasets: Vec<Dataset>,
}

/// Body of `GET /datasets/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its columns, in the order of its files.
    pub columns: Vec<ColumnHead>,
    /// Columns that a request may filter on.
    #[serde(default)]
    pub filters: Vec<ColumnHead>,
    /// What dates of a request mean; absent where the dataset is always exported whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<DatasetRange>,
    /// Whether all tenants see all rows.
    pub shared: bool,
    /// Seconds after which rows no longer change; absent: nothing of it is reused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_after_seconds: Option<u64>,
    /// Whether files are ordered by range column and key.
    pub ordered: bool,
    /// Rows of the whole dataset, as PostgreSQL estimates them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_rows: Option<u64>,
    /// Bytes of binary COPY of the whole dataset, estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_bytes: Option<u64>,
}

/// The column that ranges are cut on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetRange {
    /// Its name.
    pub column: String,
    /// `date`, `timestamp` or `timestamptz`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The zone in which a `timestamp` column was written; UTC for the others.
    pub time_zone: String,
    /// Whether rows with NULL there are exported too, as one chunk of their own.
    #[serde(default)]
    pub include_nulls: bool,
}

/// Body of the answer to `POST /exports?dryRun=true`. Nothing is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// By dataset, in the order of the request.
    pub datasets: Vec<PlannedDataset>,
    /// All of them together.
    pub total: PlanCounts,
}

/// What an export would do with one dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedDataset {
    /// Its name.
    pub name: String,
    /// The whole range; absent without a range column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeText>,
    /// How much.
    #[serde(flatten)]
    pub counts: PlanCounts,
    /// Why it is one chunk, where it could not be cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How much would be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanCounts {
    /// Chunks, reused ones included.
    pub chunks: u64,
    /// Chunks that are there already.
    pub reused_chunks: u64,
    /// Rows: counted where reused, else estimated.
    pub rows: u64,
    /// Bytes of binary COPY: counted where reused, else estimated.
    pub bytes: u64,
}
