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
    /// Whether a part of the range would be read through an index, so that a split saves work.
    pub indexed: bool,
    /// How often this chunk has failed before.
    pub failures: u32,
    /// Milliseconds from the moment the chunk was due to this lease.
    pub waited_ms: u64,
    /// How many splits lie between the planned chunk and this one.
    pub depth: u32,
    /// Bytes of binary COPY the parent had seen when its time ran out; `None` if it was split for its size, or there is none.
    pub parent_seen_bytes: Option<u64>,
}

impl Attempt {
    /// The object this attempt may write: a key no other attempt can have.
    pub fn key(&self) -> String {
        file_key(&self.tenant, self.chunk, self.number, self.selection.output.extension())
    }
}

impl Attempt {
    /// Whether no row of the chunk can change any more, nor come or go, for a source that has shown everything that began
    /// before `horizon_micros`.
    pub fn is_settled_at(&self, horizon_micros: i64) -> bool {
        let (Some(settle), Range::Span(span)) = (self.selection.settle(), self.range) else { return false };
        settle.covers(span, horizon_micros)
    }
}

/// The object that attempt `number` of a chunk may write.
pub fn file_key(tenant: &TenantId, chunk: ChunkId, number: u32, extension: &str) -> String {
    format!("{}{number}.{extension}", chunk_prefix(tenant, chunk))
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
    use crate::catalog::{From, RangeColumn};
    use crate::format::Output;
    use crate::range::{DAY_MICROS, RangeKind, Span};

    #[test]
    fn waiting_grows_and_is_bounded() {
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
    fn states_have_one_word() {
        for state in [ChunkState::Due, ChunkState::Dying] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{state}\""));
        }
    }
}
