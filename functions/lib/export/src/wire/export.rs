//! One export, and the list of exports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::delivery::Delivery;
use crate::failure::FailureCode;
use crate::id::ExportId;
use crate::load::Signal;
use crate::manifest::{RangeText, Sample};
use crate::state::ExportStatus;

/// Body of `GET /exports/{id}` and of the 202 to `POST /exports`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Export {
    /// Id of the export.
    pub id: ExportId,
    /// State of the export.
    pub status: ExportStatus,
    /// Time at which the request was accepted.
    pub accepted_at: String,
    /// Time at which its first chunk started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// Time at which it succeeded, failed, was canceled or expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Time at which its files are deleted; known once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Time at which it fails if it has not ended by then.
    pub deadline_at: String,
    /// Request in its canonical form.
    // The title keeps generated clients from naming its type ExportRequest, as they name the body of a request.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, Value>", title = "CanonicalRequest"))]
    pub request: Value,
    /// Datasets that are samples; absent if all are whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, Sample>,
    /// Revision of the catalog.
    pub revision: String,
    /// Progress of finished chunks.
    pub progress: Progress,
    /// Chunks that run now; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Estimated seconds until the end; absent before anything is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eta_seconds: Option<u64>,
    /// Position among the exports of this tenant that wait for their turn, from 1; 0 when its first chunk is about to
    /// start. Only while the export is queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u64>,
    /// State of the snapshot that all files show; absent unless the request has the consistency `snapshot`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotState>,
    /// Copy of the files to the destination that the request names; absent if it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// Chunks that could not be exported.
    #[serde(default)]
    pub errors: Vec<ChunkError>,
    /// Reason why no chunk is being started, when the operator has paused all exports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<String>,
    /// Reason why no chunk is being started, when a condition of the deployment holds all chunks back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_off: Option<BackOff>,
    /// Paths of the export's further resources.
    pub links: Links,
}

/// Progress of an export. It counts finished chunks only, so no value ever falls; `chunks.total` may grow when a
/// chunk is split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Chunks by state.
    pub chunks: ChunkCounts,
    /// Rows in finished files.
    pub rows: u64,
    /// Bytes of finished files.
    pub bytes: u64,
    /// Time of the oldest snapshot among finished chunks: the maximum age of the export's data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_as_of: Option<String>,
    /// Percentage from 0 to 100, weighted by planned bytes.
    pub percent: f64,
    /// Datasets with a chunk that is running now.
    #[serde(default)]
    pub current_datasets: Vec<String>,
}

/// Numbers of chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChunkCounts {
    /// Finished chunks, reused ones included.
    pub done: u64,
    /// Chunks that failed for good.
    pub failed: u64,
    /// Chunks read for an earlier export, or shared with one that runs; `GET /exports/{id}/chunks` lists which, and
    /// the time of their snapshots.
    pub reused: u64,
    /// Chunks read for an earlier export that were found unchanged for this one; none of them is counted as reused.
    #[serde(default)]
    pub unchanged: u64,
    /// All chunks.
    pub total: u64,
}

/// Chunks that run now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Running {
    /// Number of chunks that workers have leased.
    pub chunks: u64,
    /// Rows expected by the plan, without datasets that have a tenant column.
    #[serde(default)]
    pub planned_rows: u64,
    /// Bytes of binary COPY expected by the plan, without the same datasets.
    #[serde(default)]
    pub planned_bytes: u64,
}

/// Condition of the deployment under which no chunk can succeed: the database is too busy or unavailable, rejects the
/// login, or the bucket does not accept files. Nothing has failed, and nothing starts until the given time; then one
/// chunk tests whether the condition has ended, and if it has not, the time is moved on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct BackOff {
    /// Kind of the condition, such as `active_sessions` or `source_unavailable`.
    pub signal: Signal,
    /// Description of the condition and its remedy, for people.
    pub reason: String,
    /// Time since which the condition holds.
    pub since: String,
    /// Time of the next test.
    pub until: String,
}

/// Snapshot of the source that all files of an export show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SnapshotState {
    /// Instant of the snapshot, once it is taken: everything that was committed before it is in the files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Position of the write-ahead log of the source just before the snapshot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
    /// True while the export waits for the snapshot: one is held at a time, and exports that wait share the next.
    pub waiting: bool,
    /// Number of times that the snapshot was lost, after which everything is read again from another one. The third
    /// time the export fails.
    pub losses: u64,
}

/// Chunk that could not be exported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChunkError {
    /// Dataset of the chunk.
    pub dataset: String,
    /// Range of the chunk.
    pub range: RangeText,
    /// Number of attempts.
    pub attempts: u32,
    /// One word for machines, such as `schema_changed`.
    pub code: FailureCode,
    /// Description of the failure and its remedy.
    pub message: String,
    /// Name of the missing file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// Paths of the export's further resources, relative to the base URL, which ends with `/api/v1`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Links {
    /// The export itself.
    #[serde(rename = "self")]
    pub this: String,
    /// Files of the export.
    pub files: String,
    /// Chunks of the export.
    pub chunks: String,
    /// Manifest of the export; absent until it has succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// JSON Schema of the manifest. It needs no key.
    #[serde(default)]
    pub manifest_schema: String,
}

/// Body of `GET /exports`, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ExportList {
    /// Exports on this page.
    pub exports: Vec<Export>,
    /// Value to send as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Next page with all parameters of this one, relative to the base URL; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}
