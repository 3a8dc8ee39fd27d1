//! What an export would do: the answer to a dry run.

use serde::{Deserialize, Serialize};

use crate::manifest::RangeText;

/// Body of the answer to `POST /exports?dryRun=true`. Nothing is kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// By dataset, in the order of the request.
    pub datasets: Vec<PlannedDataset>,
    /// All of them together, without those whose size is unknown.
    pub total: PlanCounts,
    /// Datasets whose size is unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unknown_datasets: u64,
    /// How long it would take, and what it would cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// What an export would do with one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// When PostgreSQL was asked for its estimates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_at: Option<String>,
    /// Why it is one chunk, where it could not be cut; where its figures are from, or why there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How much would be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanCounts {
    /// Chunks, reused ones included.
    pub chunks: u64,
    /// Chunks that are there already, or that another export of the caller waits for.
    pub reused_chunks: u64,
    /// Rows: counted where reused, else estimated; null where they are unknown, and so are the figures below.
    #[serde(default)]
    pub rows: Option<u64>,
    /// Bytes of binary COPY: counted where reused, else estimated.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Bytes of binary COPY that would be read anew, estimated.
    #[serde(default)]
    pub new_bytes: Option<u64>,
    /// Seconds that sessions of the database would work, estimated.
    #[serde(default)]
    pub database_seconds: Option<f64>,
    /// US dollars by the price list, estimated.
    #[serde(default)]
    pub cost_usd: Option<f64>,
    /// Whether these figures are upper bounds.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub at_most: bool,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Time and cost of a plan: estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// Seconds until the export would end, were it sent now, with what waits of the caller's and nothing of other tenants;
    /// null where the size of a dataset is unknown.
    #[serde(default)]
    pub wall_seconds: Option<u64>,
    /// Sessions that read at once.
    pub budget: u32,
    /// Chunks of the caller's other exports that wait or are being read.
    pub waiting_chunks: u64,
    /// Their bytes of binary COPY, as planned; those of datasets with a tenant column are not counted.
    pub waiting_bytes: u64,
    /// Recent chunks of the caller's in this format that times and file sizes are taken from; 0: they are assumed.
    pub measured_chunks: u64,
    /// Why nothing would start, when the operator holds all back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// What it would cost, item by item.
    pub cost: CostItems,
}

/// US dollars.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CostItems {
    /// Running time of the workers.
    pub compute_usd: f64,
    /// Their invocations, and the messages that cause them.
    pub requests_usd: f64,
    /// Writing the files.
    pub uploads_usd: f64,
    /// Keeping them for the retention.
    pub storage_usd: f64,
    /// Which prices these are.
    pub prices: String,
    /// What is not in them.
    pub left_out: String,
}
