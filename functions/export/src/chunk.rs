//! Chunks and attempts: states, names of objects, why an attempt failed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{ChunkId, ExportId, TenantId};
use crate::range::Range;
use crate::selection::Selection;

/// The states of a chunk. `due → sent → running → done | failed | split | dying`; see
/// `functions/ports/src/store/README.md` for the statement and the lock of every arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChunkState {
    /// Waits for its turn.
    Due,
    /// A message is on its way.
    Sent,
    /// A worker holds the lease.
    Running,
    /// Its file is recorded.
    Done,
    /// It will not be tried again.
    Failed,
    /// Its children took its place.
    Split,
    /// Nobody wants it; it waits for removal.
    Dying,
}

/// The states of an export: `queued → running → succeeded | failed | canceled → expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// Accepted; no chunk has started.
    Queued,
    /// A chunk has started.
    Running,
    /// Complete; it has a manifest.
    Succeeded,
    /// At least one chunk could not be exported.
    Failed,
    /// The owner ended it.
    Canceled,
    /// Its files are gone.
    Expired,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// The word used in the store and in JSON.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
        impl FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word { $($word => Ok(Self::$variant),)+ other => Err(format!("unknown state {other}")) }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(ChunkState { Due = "due", Sent = "sent", Running = "running", Done = "done", Failed = "failed", Split = "split", Dying = "dying" });
words!(ExportStatus { Queued = "queued", Running = "running", Succeeded = "succeeded", Failed = "failed", Canceled = "canceled", Expired = "expired" });

impl ExportStatus {
    /// Whether chunks may still run for it.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// All that one attempt needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// The chunk.
    pub chunk: ChunkId,
    /// The attempt's number, from 1; it fences every write of the attempt.
    pub number: u32,
    /// Whose rows are read.
    pub tenant: TenantId,
    /// What is read and how it is written.
    pub selection: Selection,
    /// Which part of it.
    pub range: Range,
    /// Bytes of binary COPY the plan expected.
    pub planned_bytes: u64,
    /// How often this chunk has failed before.
    pub failures: u32,
    /// Milliseconds from the moment the chunk was due to this lease.
    pub waited_ms: u64,
}

impl Attempt {
    /// The object this attempt may write: a key no other attempt can have.
    pub fn key(&self) -> String {
        format!(
            "{}{}.{}",
            chunk_prefix(&self.tenant, self.chunk),
            self.number,
            self.selection.output.extension()
        )
    }
}

/// All objects of a chunk are below this prefix.
pub fn chunk_prefix(tenant: &TenantId, chunk: ChunkId) -> String {
    format!("t/{tenant}/c/{chunk}/")
}

/// All manifests of an export are below this prefix.
pub fn export_prefix(tenant: &TenantId, export: ExportId) -> String {
    format!("t/{tenant}/x/{export}/")
}

/// Why an attempt ended without a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// One word for machines, such as `schema_changed` or `source_unavailable`.
    pub code: String,
    /// What happened and what to do, for people. It never holds a row value.
    pub message: String,
    /// Whether another attempt may go better.
    pub again: bool,
}

/// Attempts after which an *again* failure is final.
pub const MAX_FAILURES: u32 = 8;

/// Seconds before a chunk is due again after its `failures`-th failure (from 1): 2, 4, 8 … at most 300.
pub fn backoff_secs(failures: u32) -> u64 {
    2u64.saturating_pow(failures.clamp(1, 16)).min(300)
}

/// Where the time of an attempt went, and what it used. All in milliseconds or bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// From due to lease.
    pub waited_ms: u64,
    /// Opening the source session.
    pub connect_ms: u64,
    /// From the COPY to its first row.
    pub first_row_ms: u64,
    /// From the COPY to the end of its stream.
    pub read_ms: u64,
    /// Spent decoding, encoding and compressing.
    pub encode_ms: u64,
    /// From the last byte encoded to the object being complete.
    pub upload_ms: u64,
    /// Processor time of the process during the attempt.
    pub cpu_ms: u64,
    /// Peak resident memory of the process so far.
    pub peak_memory_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_grows_and_is_bounded() {
        assert_eq!([1, 2, 3, 8, 100].map(backoff_secs), [2, 4, 8, 256, 300]);
    }

    #[test]
    fn states_have_one_word() {
        for state in [ChunkState::Due, ChunkState::Dying] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
    }
}
