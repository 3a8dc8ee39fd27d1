//! One export, and the list of exports.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chunk::ExportStatus;
use crate::id::ExportId;
use crate::load::Signal;
use crate::manifest::RangeText;

/// Body of `GET /exports/{id}` and of the 202 to `POST /exports`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// The export.
    pub id: ExportId,
    /// Its state.
    pub status: ExportStatus,
    /// When the request was accepted.
    pub accepted_at: String,
    /// When its first chunk started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// When it succeeded, failed, was canceled or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// When its files go; known once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When it fails if it has not ended by then.
    pub deadline_at: String,
    /// The request as it was understood.
    pub request: Value,
    /// The catalog's revision.
    pub revision: String,
    /// What is finished.
    pub progress: Progress,
    /// What is in flight; absent when nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Seconds until the end, estimated; absent before anything is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// Its place among the exports of this tenant that wait for their turn, from 1; 0 when its first chunk is about to
    /// start. Only while it is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u64>,
    /// Chunks that could not be exported.
    #[serde(default)]
    pub errors: Vec<ChunkError>,
    /// Why no chunk is being started, when the operator holds all back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// Why no chunk is being started, when a condition of the deployment holds all back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_off: Option<BackOff>,
    /// Where the rest is.
    pub links: Links,
}

/// What is finished. It counts finished chunks only, so nothing here ever falls; `chunks.total` may grow
/// when a chunk is split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Chunks by state.
    pub chunks: ChunkCounts,
    /// Rows in finished files.
    pub rows: u64,
    /// Bytes of finished files.
    pub bytes: u64,
    /// The time of the oldest snapshot among finished chunks: how old the export's data may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_as_of: Option<String>,
    /// 0 to 100, weighted by planned bytes.
    pub percent: f64,
    /// Datasets with a chunk that is running now.
    #[serde(default)]
    pub current_datasets: Vec<String>,
}

/// Numbers of chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkCounts {
    /// Finished, reused ones included.
    pub done: u64,
    /// Given up.
    pub failed: u64,
    /// Read for an earlier export, or shared with one that runs; `GET /exports/{id}/chunks` says which, and as of when.
    pub reused: u64,
    /// All.
    pub total: u64,
}

/// What is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Chunks that workers hold now.
    pub chunks: u64,
    /// Rows the plan expects of them, datasets with a tenant column apart.
    #[serde(default)]
    pub planned_rows: u64,
    /// Bytes of binary COPY the plan expects of them, likewise.
    #[serde(default)]
    pub planned_bytes: u64,
}

/// A condition of the deployment under which no chunk can succeed: the database is too busy or away, refuses the login, or the
/// bucket does not take files. Nothing has failed, and nothing starts until the time that is given; then one chunk finds out
/// whether it is over, and if it is not, that time moves on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackOff {
    /// Which one, such as `active_sessions` or `source_unavailable`.
    pub signal: Signal,
    /// What was met and what to do, for people.
    pub reason: String,
    /// Since when.
    pub since: String,
    /// When it is looked at again.
    pub until: String,
}

/// A chunk that could not be exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkError {
    /// Its dataset.
    pub dataset: String,
    /// Its range.
    pub range: RangeText,
    /// How often it was tried.
    pub attempts: u32,
    /// One word for machines, such as `schema_changed`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The file that is missing for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Where the rest is: below the base URL, which ends with `/api/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// This export.
    #[serde(rename = "self")]
    pub this: String,
    /// Its files.
    pub files: String,
    /// Its chunks.
    pub chunks: String,
    /// Its manifest; absent until it has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
}

/// Body of `GET /exports`, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportList {
    /// The exports.
    pub exports: Vec<Export>,
    /// Given back as `cursor` it leads to the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
