//! Rules for splitting a chunk instead of reading it to its end, and for the number of children. No I/O.

use std::time::Duration;

use export::attempt::Attempt;
use export::range::{Range, Slice};

/// Sizes in bytes of binary COPY.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Target size of a chunk.
    pub target_bytes: u64,
    /// Size up to which a chunk is never split for its size.
    pub split_bytes: u64,
}

/// Multiple of the planned size beyond which a chunk is split.
const TIMES_PLANNED: u64 = 4;

/// Bytes of a COPY without rows: its header and its end mark.
const EMPTY_BYTES: u64 = 21;

/// Maximum number of children of one split.
const MAX_CHILDREN: u64 = 64;

/// Maximum depth at which a chunk is split, counted from the planned one. The number of children doubles with each
/// level up to 64, so this many levels reach a single microsecond of any span.
const MAX_DEPTH: u32 = 12;

/// Maximum depth if each child reads the whole relation again.
const MAX_DEPTH_UNINDEXED: u32 = 2;

/// Children of a chunk, and their expected size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Children {
    /// Ranges that tile the range of the chunk.
    pub(crate) ranges: Vec<Range>,
    /// Bytes of binary COPY per child.
    pub(crate) planned_bytes: u64,
}

/// Reason for a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitReason {
    /// The chunk has far more bytes than planned.
    Large,
    /// The chunk would not be read in time.
    Slow,
    /// The chunk has rows of several partitions of an export's layout.
    Partitions,
}

/// Returns true if the chunk must be split, now that it has rows, because they may belong to several partitions.
pub(crate) fn is_due_for_partitions(attempt: &Attempt) -> bool {
    attempt.has_several_partitions() && attempt.depth < MAX_DEPTH
}

/// Returns true if the chunk may be split: its depth is below the maximum, and its range can be cut. `null`, a
/// single value, and all rows of a dataset without a key cannot be cut, nor can a sample: each child would read as many
/// rows.
fn is_splittable(attempt: &Attempt) -> bool {
    if attempt.selection.limit.is_some() {
        return false;
    }
    let deepest = if attempt.indexed { MAX_DEPTH } else { MAX_DEPTH_UNINDEXED };
    attempt.depth < deepest && whole(attempt).split(2).len() > 1
}

/// Returns the range of an attempt; a chunk of all rows is the slice of all values if its dataset has a key.
fn whole(attempt: &Attempt) -> Range {
    match (attempt.range, &attempt.selection.key) {
        (Range::All, Some(key)) => Range::Slice(Slice::whole(key.kind)),
        (range, _) => range,
    }
}

/// Returns true if fewer bytes of the chunk were read than of its parent by the end of the parent's time.
fn is_less_than_parent(attempt: &Attempt, seen_bytes: u64) -> bool {
    attempt.parent_seen_bytes.is_none_or(|parent| seen_bytes < parent)
}

/// Returns the reason to split the chunk now, if there is one. `budget` is the time the function had left when the
/// attempt began; the second half is reserved for unforeseen delays.
///
/// Children share only the bytes of their parent: the work of a query before its first row, or for finding the rows
/// of a range without an index, is repeated by each of them. So a chunk is split for its size only if it is indexed,
/// and for its time only if enough bytes were read that sharing them helps. A child that read no less than its parent
/// shows that it does not: it runs to its end.
pub(crate) fn due(
    attempt: &Attempt,
    sizes: Sizes,
    seen_bytes: u64,
    elapsed: Duration,
    budget: Duration,
) -> Option<SplitReason> {
    if seen_bytes > EMPTY_BYTES && is_due_for_partitions(attempt) {
        return Some(SplitReason::Partitions);
    }
    if !is_splittable(attempt) {
        return None;
    }
    let limit = sizes.split_bytes.max(attempt.planned_bytes.saturating_mul(TIMES_PLANNED));
    if attempt.indexed && seen_bytes > limit {
        return Some(SplitReason::Large);
    }
    let helps = seen_bytes >= sizes.target_bytes && is_less_than_parent(attempt, seen_bytes);
    (elapsed > budget / 2 && helps).then_some(SplitReason::Slow)
}

/// Returns the reason to split a chunk whose time is over before half of a target was read. The bytes read show that
/// rows arrive, slowly, and with an index each child has fewer of them. A child that read no less than its parent
/// shows that a split does not help.
pub(crate) fn due_at_last(attempt: &Attempt, seen_bytes: u64) -> Option<SplitReason> {
    let helps = attempt.indexed && seen_bytes > 0 && is_less_than_parent(attempt, seen_bytes);
    (helps && is_splittable(attempt)).then_some(SplitReason::Slow)
}

/// Cuts the chunk's span. The bytes read are a lower bound of its size, and so is the plan if time ran out first. A
/// child that is still too large is split in turn, into twice as many: a value that has most of the rows is reached
/// in a few levels. A chunk of several partitions is cut at their borders.
pub(crate) fn children(attempt: &Attempt, sizes: Sizes, seen_bytes: u64) -> Option<Children> {
    let range = whole(attempt);
    if let (Some(span), Some(hive)) = (range.span(), attempt.hive)
        && hive.is_several(&span)
    {
        let spans = hive.cut(&span, MAX_CHILDREN as u32);
        let planned_bytes = seen_bytes.max(attempt.planned_bytes) / spans.len().max(1) as u64;
        return Some(Children { ranges: spans.into_iter().map(Range::Span).collect(), planned_bytes });
    }
    // Without an index each child is a separate scan: the number of children is what half of the function's time
    // allows.
    let (bytes, share) = if attempt.indexed {
        (seen_bytes.max(attempt.planned_bytes), sizes.target_bytes)
    } else {
        (seen_bytes.saturating_mul(2).max(attempt.planned_bytes), seen_bytes)
    };
    let count = bytes.div_ceil(share.max(1)).clamp(2, MAX_CHILDREN);
    let deeper = if attempt.indexed { attempt.depth.min(6) } else { 0 };
    let count = (count << deeper).min(MAX_CHILDREN);
    let ranges = range.split(u32::try_from(count).unwrap_or(2));
    let planned_bytes = bytes / ranges.len().max(1) as u64;
    (ranges.len() > 1).then_some(Children { ranges, planned_bytes })
}

#[cfg(test)]
mod tests {
    use export::catalog::From;
    use export::layout::Hive;
    use export::range::{RangeKind, Span};
    use export::selection::Selection;

    use super::*;

    const MB: u64 = 1 << 20;
    const SIZES: Sizes = Sizes { target_bytes: 256 * MB, split_bytes: 1_024 * MB };
    const NO_TIME: Duration = Duration::ZERO;
    const BUDGET: Duration = Duration::from_secs(900);

    fn attempt(range: Range, planned_bytes: u64) -> Attempt {
        let selection =
            Selection { dataset: "d".into(), from: From::Query(String::new()), ..Selection::example() };
        Attempt {
            chunk: export::id::ChunkId::from_random([0; 16]),
            number: 1,
            tenant: "acme".parse().unwrap(),
            selection,
            range,
            planned_bytes,
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
        }
    }

    fn days(count: i64) -> Range {
        Range::Span(Span { kind: RangeKind::Date, start: 0, end: count })
    }

    fn at_half_time(attempt: &Attempt, seen_bytes: u64) -> Option<SplitReason> {
        due(attempt, SIZES, seen_bytes, Duration::from_secs(451), BUDGET)
    }

    #[test]
    fn chunk_is_split_only_far_beyond_its_plan() {
        let small = attempt(days(10), 50 * MB);
        assert_eq!(due(&small, SIZES, 1_024 * MB, NO_TIME, BUDGET), None);
        assert_eq!(due(&small, SIZES, 1_025 * MB, NO_TIME, BUDGET), Some(SplitReason::Large));
        let large = attempt(days(10), 300 * MB);
        assert_eq!(due(&large, SIZES, 1_200 * MB, NO_TIME, BUDGET), None);
        assert_eq!(due(&large, SIZES, 1_201 * MB, NO_TIME, BUDGET), Some(SplitReason::Large));
    }

    #[test]
    fn without_an_index_only_time_splits() {
        let chunk = Attempt { indexed: false, ..attempt(days(10), 50 * MB) };
        assert_eq!(due(&chunk, SIZES, 5_000 * MB, NO_TIME, BUDGET), None);
        assert_eq!(at_half_time(&chunk, 5_000 * MB), Some(SplitReason::Slow));
    }

    #[test]
    fn time_splits_only_after_enough_bytes() {
        for indexed in [true, false] {
            let chunk = Attempt { indexed, ..attempt(days(10), 0) };
            for seen in [0, 1, 255 * MB] {
                assert_eq!(at_half_time(&chunk, seen), None, "{seen}");
            }
            assert_eq!(due(&chunk, SIZES, 256 * MB, Duration::from_secs(450), BUDGET), None);
            assert_eq!(at_half_time(&chunk, 256 * MB), Some(SplitReason::Slow));
        }
    }

    #[test]
    fn child_without_less_bytes_is_not_split_by_time() {
        let child = Attempt { parent_seen_bytes: Some(600 * MB), depth: 1, ..attempt(days(10), 300 * MB) };
        assert_eq!(at_half_time(&child, 599 * MB), Some(SplitReason::Slow));
        assert_eq!(at_half_time(&child, 600 * MB), None);
        assert_eq!(at_half_time(&child, 1_201 * MB), Some(SplitReason::Large), "size splits it all the same");
    }

    #[test]
    fn slow_indexed_chunk_is_split_at_the_last_check() {
        let chunk = attempt(days(10), 300 * MB);
        assert_eq!(due_at_last(&chunk, 100 * MB), Some(SplitReason::Slow));
        assert_eq!(due_at_last(&chunk, 0), None, "nothing arrived");
        assert_eq!(due_at_last(&Attempt { indexed: false, ..chunk.clone() }, 100 * MB), None);
        let child = Attempt { parent_seen_bytes: Some(100 * MB), ..chunk };
        assert_eq!(due_at_last(&child, 99 * MB), Some(SplitReason::Slow));
        assert_eq!(due_at_last(&child, 100 * MB), None);
        assert_eq!(due_at_last(&attempt(Range::All, 0), MB), None);
    }

    #[test]
    fn split_depth_is_bounded() {
        for (indexed, deepest) in [(true, MAX_DEPTH), (false, MAX_DEPTH_UNINDEXED)] {
            let at = |depth| Attempt { indexed, depth, ..attempt(days(10), 0) };
            assert_eq!(at_half_time(&at(deepest - 1), 500 * MB), Some(SplitReason::Slow));
            assert_eq!(at_half_time(&at(deepest), 50_000 * MB), None);
        }
    }

    #[test]
    fn indivisible_ranges_are_never_split() {
        for range in [Range::All, Range::Null, days(1)] {
            assert_eq!(due(&attempt(range, 0), SIZES, u64::MAX, BUDGET, BUDGET), None);
        }
    }

    #[test]
    fn rows_of_several_partitions_split_a_chunk_at_their_borders() {
        let partitioned = |range| Attempt { hive: Some(Hive::Month), ..attempt(range, 0) };
        let year = partitioned(days(365));
        assert_eq!(due(&year, SIZES, EMPTY_BYTES, NO_TIME, BUDGET), None, "it may be empty");
        assert_eq!(due(&year, SIZES, EMPTY_BYTES + 1, NO_TIME, BUDGET), Some(SplitReason::Partitions));
        assert_eq!(children(&year, SIZES, 1_000).unwrap().ranges.len(), 12);
        assert!(is_due_for_partitions(&Attempt { indexed: false, depth: MAX_DEPTH_UNINDEXED, ..year }));
        // All of January 1970.
        let month = partitioned(days(31));
        assert!(!is_due_for_partitions(&month) && due(&month, SIZES, 1_000, NO_TIME, BUDGET).is_none());
        let mut open =
            partitioned(Range::Span(Span { kind: RangeKind::Date, start: 0, end: Span::OPEN_END }));
        while is_due_for_partitions(&open) {
            open.range = children(&open, SIZES, 1_000).unwrap().ranges[0];
            open.depth += 1;
        }
        assert_eq!((open.range, open.depth), (days(31), 3));
    }

    #[test]
    fn a_sample_is_never_split() {
        let mut sample = attempt(days(1_000), 0);
        sample.selection.limit = Some(10);
        assert_eq!(due(&sample, SIZES, u64::MAX, BUDGET, BUDGET), None);
        assert_eq!(due_at_last(&sample, MB), None);
    }

    #[test]
    fn children_are_of_the_target_size() {
        let count = |range, seen| children(&attempt(range, 300 * MB), SIZES, seen).unwrap().ranges.len();
        assert_eq!(count(days(1_000), 0), 2);
        assert_eq!(count(days(1_000), 1_025 * MB), 5);
        assert_eq!(count(days(1_000), u64::MAX), 64);
        assert_eq!(count(days(3), 1_025 * MB), 3);
        let five = children(&attempt(days(1_000), 0), SIZES, 1_280 * MB).unwrap();
        assert_eq!(five.planned_bytes, 256 * MB);
    }

    #[test]
    fn without_an_index_splits_make_few_children() {
        let count = |planned, seen| {
            let chunk = Attempt { indexed: false, ..attempt(days(1_000), planned) };
            children(&chunk, SIZES, seen).unwrap().ranges.len()
        };
        assert_eq!(count(300 * MB, 20_000 * MB), 2, "more than planned was seen: the rest is unknown");
        assert_eq!(count(20_000 * MB, 2_000 * MB), 10);
    }

    #[test]
    fn half_a_year_splits_to_a_microsecond_in_nine_levels() {
        let mut chunk =
            attempt(Range::Span(Span { kind: RangeKind::Instant, start: 0, end: 190 * 86_400_000_000 }), 0);
        while due(&chunk, SIZES, 1_025 * MB, NO_TIME, BUDGET).is_some() {
            let ranges = children(&chunk, SIZES, 1_025 * MB).unwrap().ranges;
            chunk.range = ranges[ranges.len() / 2];
            chunk.depth += 1;
        }
        assert_eq!((chunk.range.span().map(|s| s.end - s.start), chunk.depth), (Some(1), 9));
    }
}
