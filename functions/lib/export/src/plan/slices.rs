//! Slices of a dataset without a range column, of about equal bytes.

use super::PlannedChunk;
use crate::estimate::{DatasetEstimate, Size};
use crate::range::{Range, Slice, SliceKind};

/// Share of the target beyond which a dataset is cut.
const TOLERANCE: f64 = 0.25;

/// Cuts a dataset into slices of about `target_bytes`. One chunk of all rows if it is not larger than that, or if nothing
/// is known about its key.
pub(super) fn cut(kind: SliceKind, estimate: &DatasetEstimate, target_bytes: u64) -> Vec<PlannedChunk> {
    let Size { rows, bytes } = estimate.total;
    let wanted = (bytes as f64 / target_bytes.max(1) as f64 - TOLERANCE).ceil().max(1.0) as u64;
    let mut bounds = match kind {
        SliceKind::Block => (1..wanted)
            .map(|i| (u128::from(estimate.blocks) * u128::from(i) / u128::from(wanted)) as i64)
            .collect(),
        SliceKind::Integer | SliceKind::Uuid => quantiles(&estimate.key_bounds, wanted),
    };
    bounds.dedup();
    bounds.retain(|bound| *bound != Slice::OPEN_START && *bound != Slice::OPEN_END);
    let ends = [vec![Slice::OPEN_START], bounds, vec![Slice::OPEN_END]].concat();
    let slices: Vec<_> =
        ends.windows(2).filter_map(|pair| Slice::new(kind, pair[0], pair[1])).map(Range::Slice).collect();
    let ranges = if slices.len() == 1 { vec![Range::All] } else { slices };
    let count = ranges.len() as u64;
    let chunk = |range| PlannedChunk {
        range,
        reused: None,
        checks: None,
        unread: true,
        rows: rows.div_ceil(count),
        bytes: bytes.div_ceil(count),
    };
    ranges.into_iter().map(chunk).collect()
}

/// Returns the inner bounds of `parts` parts with about equally many rows. Between two known values rows are taken to be
/// evenly distributed.
fn quantiles(known: &[i64], parts: u64) -> Vec<i64> {
    let Some(buckets) = known.len().checked_sub(1).filter(|buckets| *buckets > 0) else { return Vec::new() };
    let at = |part: u64| {
        let place = part as f64 / parts as f64 * buckets as f64;
        let bucket = (place as usize).min(buckets - 1);
        let (low, high) = (i128::from(known[bucket]), i128::from(known[bucket + 1]));
        let within = place - bucket as f64;
        (low + ((high - low) as f64 * within) as i128) as i64
    };
    (1..parts).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn estimate(bytes: u64, key_bounds: Vec<i64>, blocks: u64) -> DatasetEstimate {
        DatasetEstimate {
            total: Size { rows: 1_000, bytes },
            key_bounds,
            blocks,
            ..DatasetEstimate::default()
        }
    }

    fn bounds(chunks: &[PlannedChunk]) -> Vec<i64> {
        chunks.iter().filter_map(|chunk| chunk.range.slice()?.after()).collect()
    }

    #[test]
    fn slices_have_about_equally_many_rows() {
        let skewed = estimate(400, vec![0, 10, 20, 30, 1_000], 0);
        assert_eq!(bounds(&cut(SliceKind::Integer, &skewed, 100)), [10, 20, 30]);
        let even = estimate(800, vec![0, 1_000], 0);
        assert_eq!(bounds(&cut(SliceKind::Integer, &even, 200)), [250, 500, 750]);
        assert_eq!(bounds(&cut(SliceKind::Block, &estimate(400, vec![], 1_000), 200)), [500]);
    }

    #[test]
    fn small_and_unknown_datasets_are_one_chunk() {
        for estimate in [estimate(120, vec![0, 10], 0), estimate(10_000, vec![], 0)] {
            let chunks = cut(SliceKind::Integer, &estimate, 100);
            assert_eq!(chunks.iter().map(|chunk| chunk.range).collect::<Vec<_>>(), [Range::All]);
        }
    }

    proptest! {
        #[test]
        fn slices_tile_the_key(
            mut known in proptest::collection::vec(any::<i64>(), 0..20), bytes in 0u64..100_000, blocks in 0u64..1_000,
            kind in prop_oneof![Just(SliceKind::Integer), Just(SliceKind::Uuid), Just(SliceKind::Block)],
        ) {
            known.sort_unstable();
            let chunks = cut(kind, &estimate(bytes, known, blocks), 100);
            let slices: Vec<_> = chunks.iter().filter_map(|chunk| chunk.range.slice()).collect();
            if slices.is_empty() {
                prop_assert_eq!(chunks.len(), 1);
                return Ok(());
            }
            prop_assert_eq!(slices.len(), chunks.len());
            prop_assert_eq!((slices[0].first(), slices[slices.len() - 1].after()), (None, None));
            prop_assert!(slices.windows(2).all(|pair| pair[0].end == pair[1].start));
            prop_assert!(chunks.iter().map(|chunk| chunk.bytes).sum::<u64>() >= bytes);
        }
    }
}
