//! The instant that all files of an export show.

use serde::{Deserialize, Serialize};

use super::rfc3339;
use crate::cut::{Consistency, CutPoint};

/// Consistency of the files with each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsistencyLevel {
    /// `snapshot`: all files show the same instant.
    pub level: Consistency,
    /// The instant, RFC 3339: everything that was committed before it is in the files. It is the `asOf` of each chunk.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    pub as_of: String,
    /// Position of the write-ahead log of the source just before the snapshot; absent if the source does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lsn: Option<String>,
}

impl ConsistencyLevel {
    /// Makes the level of an export that was read in one cut.
    pub fn of(cut: &CutPoint) -> Self {
        Self { level: Consistency::Snapshot, as_of: rfc3339(cut.as_of_micros), lsn: cut.lsn.clone() }
    }
}
