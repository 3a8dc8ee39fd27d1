//! Size of parts: arithmetic without I/O.
//!
//! S3 allows 10,000 parts of at least 5 MiB (the last may be smaller). Parts start at the minimum size, because that
//! much memory is held per part, and grow by a step after every thousand.

/// Number of bytes by which parts grow.
const STEP_BYTES: usize = 10 << 20;

/// Minimum size of a part in S3, in bytes.
pub const MIN_PART_BYTES: usize = export::price::PART_BYTES;
/// Maximum number of parts in S3; see also [`MIN_PART_BYTES`].
pub const MAX_PARTS: u32 = 10_000;

/// Number of parts of one size before the next step.
const PARTS_PER_STEP: u32 = 1_000;

/// Returns the minimum number of bytes of part `number` (from 1), unless it is the last. 10,000 parts hold 524 GB,
/// more than a function can write in its fifteen minutes.
pub fn target_bytes(number: u32) -> usize {
    let step = number.saturating_sub(1) / PARTS_PER_STEP;
    MIN_PART_BYTES + STEP_BYTES * step as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_limit_suffices_for_the_longest_upload() {
        let capacity: u64 = (1..=MAX_PARTS).map(|n| target_bytes(n) as u64).sum();
        // 15 minutes at 500 MB/s.
        assert!(capacity > 900 * 500_000_000);
    }

    #[test]
    fn part_sizes_start_at_the_allowed_minimum() {
        assert_eq!(target_bytes(1), 5 << 20);
        assert_eq!(target_bytes(1_000), 5 << 20);
        assert_eq!(target_bytes(1_001), 15 << 20);
        assert!((0..=MAX_PARTS).all(|n| target_bytes(n) >= MIN_PART_BYTES));
    }
}
