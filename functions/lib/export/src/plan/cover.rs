//! Reuse by cover: existing chunks that fit into the requested span, and the gaps between them.

use super::PlannedChunk;
use crate::estimate::Size;
use crate::id::{ChunkId, Fingerprint};
use crate::range::{Range, Span};
use crate::state::ChunkState;

/// Chunk of the tenant that might be reused.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Id of the chunk.
    pub id: ChunkId,
    /// Fingerprint of the chunk's selection.
    pub fingerprint: Fingerprint,
    /// Range of the chunk.
    pub range: Range,
    /// State of the chunk.
    pub state: ChunkState,
    /// True if all rows of the chunk were settled when it was read.
    pub reusable: bool,
    /// Time at which the chunk was read, in microseconds since 1970.
    pub as_of_micros: Option<i64>,
    /// Number of rows: counted if the chunk is done, else estimated.
    pub rows: u64,
    /// Bytes of binary COPY: counted if done, else estimated.
    pub bytes: u64,
}

/// Chunks that a request allows to be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// All chunks whose rows were settled.
    Settled,
    /// All settled chunks that were read at most this many seconds ago.
    MaxAge(u64),
    /// No chunk that was read before; a chunk not yet read is still shared.
    Never,
}

impl Reuse {
    /// Returns the time, in microseconds since 1970, since which a chunk that was read must have been read to be reused;
    /// `None` if it may have been read at any time.
    pub fn read_since(self, now_micros: i64) -> Option<i64> {
        match self {
            Self::Settled => None,
            Self::MaxAge(secs) => Some(now_micros.saturating_sub_unsigned(secs.saturating_mul(1_000_000))),
            Self::Never => Some(i64::MAX),
        }
    }

    /// Returns true if a chunk may replace a new one. A chunk not yet read is always as good as new; one that is
    /// being read or was read is allowed only if all its rows were settled at that time. `functions/accept.sql` of the
    /// store has the same rule.
    pub(super) fn allows(self, chunk: &Candidate, now_micros: i64) -> bool {
        match chunk.state {
            ChunkState::Due | ChunkState::Sent => true,
            ChunkState::Running | ChunkState::Done => {
                let is_young = |since| chunk.as_of_micros.is_some_and(|at| at >= since);
                chunk.reusable && self.read_since(now_micros).is_none_or(is_young)
            }
            ChunkState::Failed | ChunkState::Split | ChunkState::Dying => false,
        }
    }
}

pub(super) enum Segment {
    Reused(PlannedChunk),
    Gap(Span),
}

/// Walks `wanted` from its start; at each point it takes the longest candidate that begins there and does not extend
/// past the end; everything else is a gap. The parts tile `wanted`.
pub(super) fn cover(candidates: &[&Candidate], wanted: Span) -> Vec<Segment> {
    let inside = |c: &&Candidate| {
        let span = c
            .range
            .span()
            .filter(|s| s.kind == wanted.kind && s.start >= wanted.start && s.end <= wanted.end)?;
        Some((span.start, span.end, **c))
    };
    let mut usable: Vec<_> = candidates.iter().filter_map(inside).collect();
    // Longest first among equal starts; ids only make the choice definite.
    usable.sort_by_key(|(start, end, c)| (*start, std::cmp::Reverse(*end), c.id));
    let mut segments = Vec::new();
    let mut at = wanted.start;
    for (start, end, chunk) in usable {
        if start < at {
            continue;
        }
        segments.extend(Span::new(wanted.kind, at, start).map(Segment::Gap));
        segments.push(Segment::Reused(reused(&chunk)));
        at = end;
    }
    segments.extend(Span::new(wanted.kind, at, wanted.end).map(Segment::Gap));
    segments
}

/// Returns the one chunk of a range that is never cut.
pub(super) fn whole(candidates: &[&Candidate], range: Range, estimate: Size) -> PlannedChunk {
    match candidates.iter().filter(|c| c.range == range).min_by_key(|c| c.id) {
        Some(chunk) => reused(chunk),
        None => {
            PlannedChunk { range, reused: None, unread: true, rows: estimate.rows, bytes: estimate.bytes }
        }
    }
}

fn reused(chunk: &Candidate) -> PlannedChunk {
    let unread = chunk.state != ChunkState::Done;
    PlannedChunk { range: chunk.range, reused: Some(chunk.id), unread, rows: chunk.rows, bytes: chunk.bytes }
}
