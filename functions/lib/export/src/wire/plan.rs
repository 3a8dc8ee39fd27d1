//! Plan of an export: the response to a dry run.

use serde::{Deserialize, Serialize};

use crate::manifest::RangeText;

/// Body of the response to `POST /exports?dryRun=true`. Nothing is stored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Datasets, in the order of the request.
    pub datasets: Vec<PlannedDataset>,
    /// Sum over the datasets, without those whose size is unknown.
    pub total: PlanCounts,
    /// Number of datasets whose size is unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_datasets: u64,
    /// Estimated duration and cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// Plan of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlannedDataset {
    /// Name of the dataset.
    pub name: String,
    /// Whole range; absent without a range column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RangeText>,
    /// Counts of the dataset.
    #[serde(flatten)]
    pub counts: PlanCounts,
    /// Time of PostgreSQL's estimates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<String>,
    /// Reason why the dataset is one chunk, if it could not be cut; origin of its figures, or the reason why there
    /// are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Counts and sizes of a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct PlanCounts {
    /// Number of chunks, reused ones included.
    pub chunks: u64,
    /// Number of chunks that exist already, or that another export of the client waits for.
    pub reused_chunks: u64,
    /// Number of chunks that were read before: if the source shows that nothing has changed, they are not read again.
    #[serde(default)]
    pub checked_chunks: u64,
    /// Number of rows: counted if reused, else estimated; null if they are unknown, and so are the figures below.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Bytes of binary COPY: counted if reused, else estimated.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Bytes of binary COPY that would be read for this export, estimated; a checked chunk counts a tenth of its size.
    #[serde(default)]
    pub new_bytes: Option<u64>,
    /// Working seconds of database sessions, estimated.
    #[serde(default)]
    pub database_seconds: Option<f64>,
    /// Cost in US dollars by the price list, estimated.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// True if these figures are upper bounds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most: bool,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Estimated time and cost of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// Seconds until the export would end if it were sent now, with the client's waiting work and none of other
    /// tenants; null if the size of a dataset is unknown.
    #[serde(default)]
    pub wall_seconds: Option<u64>,
    /// Number of sessions that may read at the same time.
    pub budget: u32,
    /// Number of chunks of the client's other exports that wait or are being read.
    pub waiting_chunks: u64,
    /// Planned bytes of binary COPY of those chunks; datasets with a tenant column are not counted.
    pub waiting_bytes: u64,
    /// Number of the client's recent chunks in this format from which times and file sizes are derived; 0 if they are
    /// assumed.
    pub measured_chunks: u64,
    /// Reason why nothing would start, when the operator has paused all exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// Estimated cost, item by item.
    pub cost: CostItems,
}

/// Cost in US dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct CostItems {
    /// Running time of the workers.
    pub compute_usd: f64,
    /// Invocations of the workers, and the messages that cause them.
    pub requests_usd: f64,
    /// Writing of the files.
    pub uploads_usd: f64,
    /// Storage of the files for the retention.
    pub storage_usd: f64,
    /// Origin of the prices.
    pub prices: String,
    /// Items that the prices do not include.
    pub left_out: String,
}
