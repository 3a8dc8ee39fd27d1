//! Limits of a tenant, and what the caller may do.

use serde::{Deserialize, Serialize};

/// Body of `GET /limits`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct TenantLimits {
    /// True if the key or token may only read: it can neither create nor change an export.
    pub read_only: bool,
    /// Exports that run at once; further ones wait.
    pub active_exports: Quota,
    /// Exports that wait besides them; further ones are refused.
    pub queued_exports: Quota,
    /// Exports that are kept, live or ended, and those that are still being removed.
    pub kept_exports: Quota,
    /// Chunks of these exports.
    pub kept_chunks: Quota,
    /// Bytes of the requests of these exports.
    pub kept_request_bytes: Quota,
    /// Chunks per minute of the exports that are accepted; absent if they are not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chunks_per_minute: Option<u64>,
    /// Requests per second; absent if they are not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<u64>,
    /// Rows of the current day of UTC: those that were read, or those that accepted exports have to read if these are
    /// more.
    pub rows_per_day: DailyQuota,
    /// Megabytes of these rows, as the source sends them.
    pub megabytes_per_day: DailyQuota,
    /// Seconds of the current day during which the source was read.
    pub database_seconds_per_day: DailyQuota,
    /// Time at which the next day of UTC begins.
    pub day_ends_at: String,
    /// Maximum number of datasets of one export.
    pub datasets_per_export: u64,
    /// Maximum number of chunks of one export.
    pub chunks_per_export: u64,
    /// Seconds after which an export fails if it has not ended.
    pub deadline_seconds: u64,
    /// Seconds for which the files of an export are kept after its end.
    pub retention_seconds: u64,
    /// Seconds for which a link to a file is valid.
    pub link_seconds: u64,
}

/// Limit, and what is used of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Quota {
    /// Part that is used.
    pub used: u64,
    /// Maximum.
    pub maximum: u64,
}

/// Limit of a day, and what is used of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct DailyQuota {
    /// Part that is used.
    pub used: u64,
    /// Maximum; absent if there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
}
