//! One attempt to read a chunk.

use crate::cut::CutRead;
use crate::id::{ChunkId, TenantId};
use crate::layout::Hive;
use crate::object_key::file_key;
use crate::proof::Check;
use crate::range::Range;
use crate::selection::Selection;

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
    /// Layout of an export at whose partitions the chunk must be cut if it has rows; `None` if it may hold several.
    pub hive: Option<Hive>,
    /// Header `traceparent` of the request for which the chunk was planned, if it had a valid one.
    pub traceparent: Option<String>,
    /// True if the attempt takes a proof of the rows that it reads, so that a later one can check them.
    pub proves: bool,
    /// Chunk whose file replaces this chunk if the source shows that nothing has changed since; `None` if this attempt
    /// reads the rows in any case.
    pub check: Option<Check>,
    /// Snapshot to read, if the files of the export show one instant.
    pub cut: Option<CutRead>,
}

impl Attempt {
    /// Returns the key of the object that this attempt may write. No other attempt can have the same key.
    pub fn key(&self) -> String {
        file_key(&self.tenant, self.chunk, self.number, self.selection.output.extension())
    }

    /// Returns true if the rows of the chunk, if it has any, would belong to several partitions of an export's layout.
    pub fn has_several_partitions(&self) -> bool {
        self.hive.zip(self.range.span()).is_some_and(|(hive, span)| hive.is_several(&span))
    }

    /// Returns true if no row of the chunk can change, appear or vanish any more, for a source that has shown
    /// everything that began before `horizon_micros`.
    pub fn is_settled_at(&self, horizon_micros: i64) -> bool {
        let (Some(settle), Range::Span(span)) = (self.selection.settle(), self.range) else { return false };
        settle.covers(span, horizon_micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{From, RangeColumn};
    use crate::range::{DAY_MICROS, RangeKind, Span};

    #[test]
    fn a_chunk_settles_when_its_end_is_old_enough() {
        let selection = Selection {
            dataset: "orders".into(),
            from: From::Query("select 1".into()),
            range_column: Some(RangeColumn {
                name: "at".into(),
                kind: RangeKind::Date,
                time_zone: Some("UTC".into()),
                include_nulls: false,
            }),
            settle_after_secs: Some(3600),
            ..Selection::example()
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
            hive: None,
            traceparent: None,
            proves: true,
            check: None,
            cut: None,
        };
        let settled = 10 * DAY_MICROS + 3_600_000_000;
        assert!(attempt.is_settled_at(settled) && !attempt.is_settled_at(settled - 1));
        attempt.range = Range::Null;
        assert!(!attempt.is_settled_at(i64::MAX));
        attempt.range = range;
        attempt.selection.settle_after_secs = None;
        assert!(!attempt.is_settled_at(i64::MAX));
    }
}
