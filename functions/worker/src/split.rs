//! When a chunk is split instead of read to its end, and into how many: rules without I/O.

use std::time::Duration;

use export::chunk::Attempt;
use export::range::Span;

/// Sizes in bytes of binary COPY.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// What a chunk should have.
    pub target_bytes: u64,
    /// What a chunk may always have without being split.
    pub split_bytes: u64,
}

/// A chunk beyond so many times its plan is split.
const TIMES_PLANNED: u64 = 4;

/// The most children of one split.
const MAX_CHILDREN: u64 = 64;

/// Children of a chunk, and what each of them probably has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Children {
    /// They tile the chunk's span.
    pub(crate) spans: Vec<Span>,
    /// Bytes of binary COPY each.
    pub(crate) planned_bytes: u64,
}

/// Whether the chunk's range can be cut at all: neither `all` nor `null` nor a single value can.
pub(crate) fn splittable(attempt: &Attempt) -> bool {
    attempt.range.span().is_some_and(|s| s.split(2).len() > 1)
}

/// Whether the chunk is too large, or would not be read in time. Without an index each child would read
/// the whole relation again: such a chunk is split only when time runs out. `budget` is the time the function had
/// left when the attempt began; the second half is for what cannot be foreseen.
pub(crate) fn due(
    attempt: &Attempt,
    sizes: Sizes,
    seen_bytes: u64,
    elapsed: Duration,
    budget: Duration,
) -> bool {
    let limit = sizes.split_bytes.max(attempt.planned_bytes.saturating_mul(TIMES_PLANNED));
    splittable(attempt) && ((attempt.indexed && seen_bytes > limit) || elapsed > budget / 2)
}

/// Cuts the chunk's span. What was seen is a lower bound of what is there, and so is the plan when time
/// ran out first; a child that is still too large is split in its turn.
pub(crate) fn children(attempt: &Attempt, sizes: Sizes, seen_bytes: u64) -> Option<Children> {
    let span = attempt.range.span()?;
    let bytes = seen_bytes.max(attempt.planned_bytes);
    let count = bytes.div_ceil(sizes.target_bytes.max(1)).clamp(2, MAX_CHILDREN);
    let spans = span.split(u32::try_from(count).unwrap_or(2));
    let planned_bytes = bytes / spans.len().max(1) as u64;
    Some(Children { spans, planned_bytes })
}

#[cfg(test)]
mod tests {
    use export::catalog::From;
    use export::format::Output;
    use export::range::{Range, RangeKind};
    use export::selection::Selection;

    use super::*;

    const MB: u64 = 1 << 20;
    const SIZES: Sizes = Sizes { target_bytes: 256 * MB, split_bytes: 1_024 * MB };
    const NO_TIME: Duration = Duration::ZERO;
    const BUDGET: Duration = Duration::from_secs(900);

    fn attempt(range: Range, planned_bytes: u64) -> Attempt {
        let selection = Selection {
            dataset: "d".into(),
            from: From::Query(String::new()),
            columns: vec![],
            range_column: None,
            tenant_column: None,
            predicates: vec![],
            order: vec![],
            settle_after_secs: None,
            epoch: 1,
            search_path: vec![],
            output: Output::default(),
        };
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
        }
    }

    fn days(count: i64) -> Range {
        Range::Span(Span { kind: RangeKind::Date, start: 0, end: count })
    }

    #[test]
    fn a_chunk_is_split_far_beyond_its_plan_only() {
        let small = attempt(days(10), 50 * MB);
        assert!(!due(&small, SIZES, 1_024 * MB, NO_TIME, BUDGET));
        assert!(due(&small, SIZES, 1_025 * MB, NO_TIME, BUDGET));
        let large = attempt(days(10), 300 * MB);
        assert!(!due(&large, SIZES, 1_200 * MB, NO_TIME, BUDGET));
        assert!(due(&large, SIZES, 1_201 * MB, NO_TIME, BUDGET));
    }

    #[test]
    fn without_an_index_only_time_splits() {
        let chunk = Attempt { indexed: false, ..attempt(days(10), 50 * MB) };
        assert!(!due(&chunk, SIZES, 5_000 * MB, NO_TIME, BUDGET));
        assert!(due(&chunk, SIZES, 1, Duration::from_secs(451), BUDGET));
    }

    #[test]
    fn a_chunk_is_split_at_half_time() {
        assert!(!due(&attempt(days(10), 0), SIZES, 1, Duration::from_secs(450), BUDGET));
        assert!(due(&attempt(days(10), 0), SIZES, 1, Duration::from_secs(451), BUDGET));
    }

    #[test]
    fn what_cannot_be_cut_is_never_split() {
        for range in [Range::All, Range::Null, days(1)] {
            assert!(!due(&attempt(range, 0), SIZES, u64::MAX, BUDGET, BUDGET));
        }
    }

    #[test]
    fn children_are_of_the_target_size() {
        let count = |range, seen| children(&attempt(range, 300 * MB), SIZES, seen).unwrap().spans.len();
        assert_eq!(count(days(1_000), 0), 2);
        assert_eq!(count(days(1_000), 1_025 * MB), 5);
        assert_eq!(count(days(1_000), u64::MAX), 64);
        assert_eq!(count(days(3), 1_025 * MB), 3);
        let five = children(&attempt(days(1_000), 0), SIZES, 1_280 * MB).unwrap();
        assert_eq!(five.planned_bytes, 256 * MB);
    }
}
