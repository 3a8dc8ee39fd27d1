//! The files of an export, and its chunks: what happened to each, and when.

use serde::{Deserialize, Serialize};

use crate::chunk::{ChunkState, Usage};
use crate::id::ChunkId;
use crate::manifest::RangeText;

/// Body of `GET /exports/{id}/files`: the files that are there, in any state of the export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileList {
    /// Whether the export has succeeded: all its files are there.
    pub complete: bool,
    /// The files; chunks without rows have none.
    pub files: Vec<FileEntry>,
    /// Given back as `cursor` it leads to the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileEntry {
    /// Its name, unique in the export.
    pub name: String,
    /// Its dataset.
    pub dataset: String,
    /// Its range.
    pub range: RangeText,
    /// Rows.
    pub rows: u64,
    /// Bytes of the object.
    pub bytes: u64,
    /// SHA-256 of the object, in hexadecimal.
    pub sha256: String,
    /// The time of its snapshot.
    pub as_of: String,
    /// Whether it was read for an earlier export.
    pub reused: bool,
    /// A link to the object, if asked for with `links=true`. It needs no key, and is a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When the link stops working.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_expires_at: Option<String>,
}

/// Body of `GET /exports/{id}/chunks`: the timeline of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkList {
    /// The chunks.
    pub chunks: Vec<ChunkEntry>,
    /// Given back as `cursor` it leads to the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChunkEntry {
    /// The chunk.
    pub id: ChunkId,
    /// Its dataset.
    pub dataset: String,
    /// Its range.
    pub range: RangeText,
    /// Its state.
    pub state: ChunkState,
    /// Number of its latest attempt; 0 before the first.
    pub attempt: u32,
    /// Its attempts, oldest first.
    #[serde(default)]
    pub attempts: Vec<AttemptEntry>,
    /// Rows; known when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of its file; known when it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Whether it was read for an earlier export, or is shared with one that runs.
    pub reused: bool,
    /// The time of its snapshot; known from when it is read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Rows the plan expected; absent for a dataset with a tenant column, which is planned by what all tenants have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_rows: Option<u64>,
    /// Bytes of binary COPY the plan expected; absent like its rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned_bytes: Option<u64>,
    /// What the attempt used that wrote its file.
    #[serde(flatten)]
    pub usage: Option<Usage>,
}

/// One attempt of a chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttemptEntry {
    /// Its number, from 1.
    pub number: u32,
    /// When it got its lease.
    pub started_at: String,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// `done`, `again`, `failed`, `split`, `lost`, `canceled` or `backed_off`; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Why it did not end with a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it used.
    #[serde(flatten)]
    pub usage: Option<Usage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timings_stand_beside_the_other_keys() {
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
