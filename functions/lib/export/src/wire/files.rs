//! The files and the chunks of an export, with the history of each.

use serde::{Deserialize, Serialize};

use crate::id::ChunkId;
use crate::manifest::RangeText;
use crate::proof::Verified;
use crate::state::{AttemptOutcome, ChunkState};
use crate::usage::Usage;

/// Body of `GET /exports/{id}/files`: the existing files, in any state of the export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileList {
    /// True if the export has succeeded: all its files exist.
    pub complete: bool,
    /// Files on this page; chunks without rows have none.
    pub files: Vec<FileEntry>,
    /// Value to send as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Next page with all parameters of this one, relative to the base URL; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Name of the file, unique in the export. In the layout `hive` it has folders, separated by `/`.
    pub name: String,
    /// Dataset of the file.
    pub dataset: String,
    /// Range of the file.
    pub range: RangeText,
    /// Number of rows.
    pub rows: u64,
    /// Bytes of the object.
    pub bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: String,
    /// Time of the file's snapshot.
    pub as_of: String,
    /// True if the file was read for an earlier export.
    pub reused: bool,
    /// Present if the file was read for an earlier export and the source has shown that nothing changed since; `asOf` is
    /// then the time of that check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Link to the object, if requested with `links=true`. It needs no key, and is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// Time at which the link expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_expires_at: Option<String>,
}

/// Body of `GET /exports/{id}/chunks`: the timeline of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChunkList {
    /// Chunks on this page.
    pub chunks: Vec<ChunkEntry>,
    /// Value to send as `cursor` for the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// Next page with all parameters of this one, relative to the base URL; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChunkEntry {
    /// Id of the chunk.
    pub id: ChunkId,
    /// Dataset of the chunk.
    pub dataset: String,
    /// Range of the chunk.
    pub range: RangeText,
    /// State of the chunk.
    pub state: ChunkState,
    /// Number of the latest attempt; 0 before the first.
    pub attempt: u32,
    /// Attempts, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptEntry>,
    /// Number of rows; known when the chunk is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of the file; known when the chunk is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// True if the chunk was read for an earlier export, or is shared with one that runs.
    pub reused: bool,
    /// Present if the file was read for an earlier export and the source has shown that nothing changed since; `asOf` is
    /// then the time of that check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Time of the chunk's snapshot; known from when it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Rows expected by the plan; absent for a dataset with a tenant column, which is planned by the rows of all
    /// tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_rows: Option<u64>,
    /// Bytes of binary COPY expected by the plan; absent for the same datasets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_bytes: Option<u64>,
    /// Time and resources used by the attempt that wrote the file.
    #[serde(flatten)]
    pub usage: Option<Usage>,
}

/// One attempt of a chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct AttemptEntry {
    /// Number of the attempt, from 1.
    pub number: u32,
    /// Time at which the attempt got its lease.
    pub started_at: String,
    /// Time at which the attempt ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Outcome of the attempt; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<AttemptOutcome>,
    /// Reason why it did not end with a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Time and resources used by the attempt.
    #[serde(flatten)]
    pub usage: Option<Usage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_are_flattened_into_the_attempt() {
        let entry = AttemptEntry {
            number: 1,
            started_at: "2024-01-01T00:00:00Z".into(),
            ended_at: None,
            outcome: None,
            reason: None,
            usage: Some(Usage { read_ms: 7, ..Usage::default() }),
        };
        let json = serde_json::to_value(&entry).unwrap();
        assert_eq!((json["readMs"].as_u64(), json["peakMemoryBytes"].as_u64()), (Some(7), Some(0)));
        assert_eq!(serde_json::from_value::<AttemptEntry>(json).unwrap(), entry);
        let running = serde_json::to_value(AttemptEntry { usage: None, ..entry }).unwrap();
        assert_eq!(running, serde_json::json!({"number": 1, "startedAt": "2024-01-01T00:00:00Z"}));
    }
}
