//! What may be exported.

use serde::{Deserialize, Serialize};

use crate::manifest::ColumnHead;

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
    /// When PostgreSQL was asked for these two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<String>,
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
    /// The zone in which a `date` or `timestamp` column is written, as the catalog names it, or else UTC: days of a request
    /// are cut in it on a `timestamp` column.
    pub time_zone: String,
    /// Whether rows with NULL there are exported too, as one chunk of their own.
    #[serde(default)]
    pub include_nulls: bool,
}
