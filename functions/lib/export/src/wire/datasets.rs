//! Datasets that may be exported.

use serde::{Deserialize, Serialize};

use crate::manifest::ColumnHead;

/// Body of `GET /datasets`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DatasetList {
    /// Revision of the catalog.
    #[serde(default)]
    pub revision: String,
    /// Datasets the client may see, by name.
    pub datasets: Vec<Dataset>,
}

/// Body of `GET /datasets/{name}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Dataset {
    /// Name of the dataset.
    pub name: String,
    /// Columns, in the order of the files.
    pub columns: Vec<ColumnHead>,
    /// Columns that a request may filter on.
    #[serde(default)]
    pub filters: Vec<FilterColumn>,
    /// Column that the dates of a request apply to; absent if the dataset is always exported whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<DatasetRange>,
    /// True if all tenants see all rows.
    pub shared: bool,
    /// Seconds after which rows no longer change; absent if no chunk of the dataset is reused
    /// without a check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settle_after_seconds: Option<u64>,
    /// True if chunks that were read before are checked, and read again only if something has changed; absent if it is
    /// not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revalidates: Option<bool>,
    /// Reason why chunks are not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// True if files are ordered by range column and key.
    pub ordered: bool,
    /// Rows of the whole dataset, as estimated by PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_rows: Option<u64>,
    /// Bytes of binary COPY of the whole dataset, estimated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_bytes: Option<u64>,
    /// Time of these two estimates of PostgreSQL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<String>,
}

/// Column that a request may filter on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FilterColumn {
    /// Name of the column.
    pub name: String,
    /// PostgreSQL's name of the type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// All values of an enum, in its order, as they were when the catalog was applied; absent for other types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Column at whose values ranges are cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DatasetRange {
    /// Name of the column.
    pub column: String,
    /// `date`, `timestamp` or `timestamptz`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Zone in which a `date` or `timestamp` column is written, as the catalog names it, or else UTC: days of a
    /// request are cut in it on a `timestamp` column.
    pub time_zone: String,
    /// True if rows with NULL in this column are exported too, as one chunk of their own.
    #[serde(default)]
    pub include_nulls: bool,
}
