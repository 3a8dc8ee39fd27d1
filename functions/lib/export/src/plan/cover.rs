//! Reuse by cover: existing chunks that fit into the requested span, and the gaps between them.

use std::collections::BTreeMap;

use super::PlannedChunk;
use crate::estimate::Size;
use crate::id::{ChunkId, Fingerprint};
use crate::range::{Range, Slice, SliceKind, Span};
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
    /// True for a chunk with a proof that is not linked as it is: a new chunk may check it.
    pub only_checked: bool,
    /// True if the chunk is not read yet and checks an earlier one first.
    pub has_check: bool,
}

/// Chunks that a request allows to be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// All chunks whose rows were settled.
    Settled,
    /// All settled chunks that were read at most this many seconds ago.
    MaxAge(u64),
    /// No chunk that was read before, and no check of one; a chunk that is not read yet is still shared.
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
            _ if chunk.only_checked => false,
            ChunkState::Due | ChunkState::Sent => self.allows_checks() || !chunk.has_check,
            ChunkState::Running | ChunkState::Done => {
                let is_young = |since| chunk.as_of_micros.is_some_and(|at| at >= since);
                chunk.reusable && self.read_since(now_micros).is_none_or(is_young)
            }
            ChunkState::Failed | ChunkState::Split | ChunkState::Dying => false,
        }
    }
}

impl Reuse {
    /// Returns true if a chunk that was read before may be checked.
    pub(super) fn allows_checks(self) -> bool {
        self != Self::Never
    }
}

/// Returns the newest of the candidates: of those that overlap, the one that was read last. An older one would be found
/// changed, or would hide what is known about a part of it.
pub(super) fn newest<'a>(candidates: &[&'a Candidate]) -> Vec<&'a Candidate> {
    let mut sorted = candidates.to_vec();
    sorted.sort_by_key(|c| (std::cmp::Reverse(c.as_of_micros), c.id));
    let (mut kept, mut spans, mut others): (Vec<&Candidate>, BTreeMap<i64, i64>, Vec<Range>) =
        Default::default();
    for candidate in sorted {
        match candidate.range.bounds() {
            Some((start, after)) => {
                let before = spans.range(..after).next_back();
                if before.is_none_or(|(_, end)| *end <= start) {
                    spans.insert(start, after);
                    kept.push(candidate);
                }
            }
            None if others.contains(&candidate.range) => {}
            None => {
                others.push(candidate.range);
                kept.push(candidate);
            }
        }
    }
    kept
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

/// Returns the chunks of earlier slices if together they hold every value: reused, or new with a check. `None` if there is
/// a gap, because a slice of a part that was never estimated has no size.
pub(super) fn slices(
    candidates: &[&Candidate],
    before: &[&Candidate],
    kind: SliceKind,
) -> Option<Vec<PlannedChunk>> {
    let of = |candidates: &[&Candidate], into: fn(&Candidate) -> PlannedChunk| -> Vec<_> {
        let slices = candidates.iter().filter_map(|c| c.range.slice().map(|slice| (slice, into(c))));
        slices.filter(|(slice, _)| slice.kind == kind).collect()
    };
    let mut known = [of(candidates, reused), of(before, check)].concat();
    // What is shared comes before what is checked.
    known.sort_by_key(|(slice, chunk)| (slice.start, chunk.reused.is_none(), std::cmp::Reverse(slice.end)));
    let (mut at, mut chunks) = (Slice::OPEN_START, Vec::new());
    for (slice, chunk) in known {
        if slice.start == at && slice.end > at {
            at = slice.end;
            chunks.push(chunk);
        }
    }
    (at == Slice::OPEN_END).then_some(chunks)
}

/// Returns the one chunk of a range that is never cut.
pub(super) fn whole(candidates: &[&Candidate], range: Range, estimate: Size) -> PlannedChunk {
    match candidates.iter().filter(|c| c.range == range).min_by_key(|c| c.id) {
        Some(chunk) => reused(chunk),
        None => {
            let Size { rows, bytes } = estimate;
            PlannedChunk { range, reused: None, checks: None, unread: true, rows, bytes }
        }
    }
}

/// Returns the one chunk of a range that is never cut: reused, or new, with a check if it was read `before`.
pub(super) fn checked(
    candidates: &[&Candidate],
    before: &[&Candidate],
    range: Range,
    estimate: Size,
) -> PlannedChunk {
    let whole = whole(candidates, range, estimate);
    match before.iter().find(|c| c.range == range) {
        Some(chunk) if whole.reused.is_none() => check(chunk),
        _ => whole,
    }
}

/// Returns a new chunk that checks `chunk` first.
pub(super) fn check(chunk: &Candidate) -> PlannedChunk {
    into_check(reused(chunk))
}

/// Turns the link to a chunk into a new chunk that checks it.
pub(super) fn into_check(chunk: PlannedChunk) -> PlannedChunk {
    PlannedChunk { reused: None, checks: chunk.reused, unread: true, ..chunk }
}

fn reused(chunk: &Candidate) -> PlannedChunk {
    let unread = chunk.state != ChunkState::Done;
    let Candidate { range, rows, bytes, .. } = *chunk;
    PlannedChunk { range, reused: Some(chunk.id), checks: None, unread, rows, bytes }
}
