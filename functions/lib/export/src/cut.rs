//! Cuts: snapshots of the source that all chunks of an export read, so that its files show one instant.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{CutId, KeeperId};

/// Name of the field of a request that sets the consistency.
pub const FIELD: &str = "consistency";

/// Losses of its cut after which an export fails.
pub const MAX_LOSSES: u32 = 3;

/// Consistency of the files of an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// Each file shows one instant, which its `asOf` names.
    #[default]
    File,
    /// All files show the same instant.
    Snapshot,
}

impl Consistency {
    /// Returns the word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Snapshot => "snapshot",
        }
    }

    /// Returns the consistency of a canonical request, which names it only if it is not the default.
    pub fn of(request: &Value) -> Self {
        if request[FIELD] == Self::Snapshot.as_str() { Self::Snapshot } else { Self::File }
    }
}

/// Snapshot that a chunk of a cut reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutRead {
    /// The cut.
    pub cut: CutId,
    /// Keeper whose session holds the snapshot.
    pub holder: KeeperId,
    /// Identifier under which the source exports the snapshot.
    pub snapshot: String,
    /// Time of the cut, microseconds since 1970: the snapshot is not older.
    pub as_of_micros: i64,
    /// Time before which everything that began is visible, microseconds since 1970; `None` if it is unknown.
    pub horizon_micros: Option<i64>,
    /// OIDs of the relations that the keepers have locked since before the snapshot.
    pub relations: Vec<i64>,
}

/// Instant that all files of an export show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutPoint {
    /// Time of the cut, microseconds since 1970.
    pub as_of_micros: i64,
    /// Position of the write-ahead log when the cut was made; `None` if the source does not report it.
    pub lsn: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn consistency_of_a_request_has_a_default() {
        assert_eq!(Consistency::of(&json!({})), Consistency::File);
        assert_eq!(Consistency::of(&json!({ FIELD: Consistency::Snapshot })), Consistency::Snapshot);
    }
}
