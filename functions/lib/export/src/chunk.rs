//! Chunks and attempts: states, object keys and failure reasons.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{ChunkId, ExportId, TenantId};
use crate::range::Range;
use crate::selection::Selection;

/// States of a chunk. `due → sent → running → done | failed | split | dying`; see
/// `functions/lib/store/README.md` for the statement and the lock of every transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChunkState {
    /// Waits for its turn.
    Due,
    /// A message for it is in the queue.
    Sent,
    /// A worker holds its lease.
    Running,
    /// Its file is recorded.
    Done,
    /// It is not tried again.
    Failed,
    /// Its children replace it.
    Split,
    /// No export needs it; it is being deleted.
    Dying,
}

/// States of an export: `queued → running → succeeded | failed | canceled → expired`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportStatus {
    /// The export is accepted; no chunk has started.
    Queued,
    /// At least one chunk has started.
    Running,
    /// The export is complete and has a manifest.
    Succeeded,
    /// At least one chunk could not be exported.
    Failed,
    /// The owner canceled it.
    Canceled,
    /// Its files are deleted.
    Expired,
}

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// Returns the word used in the store and in JSON.
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
    /// Returns true if chunks may still run for the export.
    pub fn is_live(self) -> bool {
        matches!(self, Self::Queued | Self::Running)
    }
}

/// Input of one attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Attempt {
    /// Id of the chunk.
    pub chunk: ChunkId,
    /// Number of the attempt, from 1; it fences every write of the attempt.
    pub number: u32,
    /// Tenant whose rows are read.
    pub tenant: TenantId,
    /// Rows and columns to read, and the form of the file.
    pub selection: Selection,
    /// Range of the selection to read.
    pub range: Range,
    /// Bytes of binary COPY expected by the plan.
    pub planned_bytes: u64,
    /// True if a part of the range would be read through an index, so that a split saves work.
    pub indexed: bool,
    /// Number of earlier failures of this chunk.
    pub failures: u32,
    /// Milliseconds from the moment the chunk was due to this lease.
    pub waited_ms: u64,
    /// Number of splits between the planned chunk and this one.
    pub depth: u32,
    /// Bytes of binary COPY that the parent had read when its time ran out; `None` if it was split for its size, or
    /// if there is no parent.
    pub parent_seen_bytes: Option<u64>,
}

impl Attempt {
    /// Returns the key of the object that this attempt may write. No other attempt can have the same key.
    pub fn key(&self) -> String {
        file_key(&self.tenant, self.chunk, self.number, self.selection.output.extension())
    }
}

impl Attempt {
    /// Returns true if no row of the chunk can change, appear or vanish any more, for a source that has shown
    /// everything that began before `horizon_micros`.
    pub fn is_settled_at(&self, horizon_micros: i64) -> bool {
        let (Some(settle), Range::Span(span)) = (self.selection.settle(), self.range) else { return false };
        settle.covers(span, horizon_micros)
    }
}

/// Returns the key of the object that attempt `number` of a chunk may write.
pub fn file_key(tenant: &TenantId, chunk: ChunkId, number: u32, extension: &str) -> String {
    format!("{}{number}.{extension}", chunk_prefix(tenant, chunk))
}

/// Returns the prefix of all objects of a chunk.
pub fn chunk_prefix(tenant: &TenantId, chunk: ChunkId) -> String {
    format!("t/{tenant}/c/{chunk}/")
}

/// Returns the prefix of all manifests of an export.
pub fn export_prefix(tenant: &TenantId, export: ExportId) -> String {
    format!("t/{tenant}/x/{export}/")
}

/// Reason why an attempt ended without a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// One word for machines, such as `schema_changed` or `source_unavailable`.
    pub code: String,
    /// Description of the failure and its remedy, for people. It never holds a row value.
    pub message: String,
    /// True if another attempt may succeed.
    pub again: bool,
}

/// Attempts after which an *again* failure is final.
pub const MAX_FAILURES: u32 = 8;

/// Seconds before a chunk is due again after its `failures`-th failure (from 1): 2, 4, 8 … at most 300.
pub fn backoff_secs(failures: u32) -> u64 {
    2u64.saturating_pow(failures.clamp(1, 16)).min(300)
}

/// Time spent by an attempt, step by step, and resources used. All in milliseconds or bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Usage {
    /// Time from due to lease.
    pub waited_ms: u64,
    /// Time to open the source session.
    pub connect_ms: u64,
    /// Time from the COPY to its first row.
    pub first_row_ms: u64,
    /// Time from the COPY to the end of its stream.
    pub read_ms: u64,
    /// Time spent on decoding, encoding and compressing.
    pub encode_ms: u64,
    /// Time from the last encoded byte to the completed object.
    pub upload_ms: u64,
    /// Processor time of the process during the attempt.
    pub cpu_ms: u64,
    /// Peak resident memory of the process so far.
    pub peak_memory_bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{From, RangeColumn};
    use crate::format::Output;
    use crate::range::{DAY_MICROS, RangeKind, Span};

    #[test]
    fn retry_wait_grows_and_is_bounded() {
        assert_eq!([1, 2, 3, 8, 100].map(backoff_secs), [2, 4, 8, 256, 300]);
    }

    #[test]
    fn a_chunk_settles_when_its_end_is_old_enough() {
        let selection = Selection {
            dataset: "orders".into(),
            from: From::Query("select 1".into()),
            columns: vec![],
            range_column: Some(RangeColumn {
                name: "at".into(),
                kind: RangeKind::Date,
                time_zone: Some("UTC".into()),
                include_nulls: false,
            }),
            tenant_column: None,
            predicates: vec![],
            order: vec![],
            settle_after_secs: Some(3600),
            epoch: 1,
            search_path: vec![],
            output: Output::default(),
        };
        let range = Range::Span(Span { kind: RangeKind::Date, start: 0, end: 10 });
        let tenant = "acme".parse().unwrap();
        let chunk = ChunkId::from_random([1; 16]);
        let mut attempt = Attempt {
            chunk,
            number: 1,
            tenant,
            selection,
            range,
            planned_bytes: 0,
            indexed: true,
            failures: 0,
            waited_ms: 0,
            depth: 0,
            parent_seen_bytes: None,
        };
        let settled = 10 * DAY_MICROS + 3_600_000_000;
        assert!(attempt.is_settled_at(settled) && !attempt.is_settled_at(settled - 1));
        attempt.range = Range::Null;
        assert!(!attempt.is_settled_at(i64::MAX));
        attempt.range = range;
        attempt.selection.settle_after_secs = None;
        assert!(!attempt.is_settled_at(i64::MAX));
    }

    #[test]
    fn chunk_states_have_one_spelling() {
        for state in [ChunkState::Due, ChunkState::Dying] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
    }
}
