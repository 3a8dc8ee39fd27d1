//! Counts of hits, misses and errors of a layer.

use std::sync::atomic::{AtomicU64, Ordering};

use super::key::CacheKind;

/// Counters of one layer, by kind of key.
#[derive(Debug, Default)]
pub struct Counts([[AtomicU64; 3]; CacheKind::ALL.len()]);

/// Counts of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Number of values found.
    pub hits: u64,
    /// Number of values not found, or not queried because the layer could not be reached.
    pub misses: u64,
    /// Number of failed calls, writes included.
    pub errors: u64,
}

impl Count {
    /// Returns the difference to `earlier`, an older count of the same.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(earlier.hits),
            misses: self.misses.saturating_sub(earlier.misses),
            errors: self.errors.saturating_sub(earlier.errors),
        }
    }
}

/// Counts of one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerCounts {
    /// `memory` or `redis`.
    pub layer: &'static str,
    /// Counts by kind, in the order of [`CacheKind::ALL`].
    pub kinds: [Count; CacheKind::ALL.len()],
}

impl Counts {
    /// Counts the outcome of a `get`.
    pub fn got(&self, kind: CacheKind, hit: bool) {
        self.add(kind, usize::from(!hit));
    }

    /// Counts a call that failed.
    pub fn failed(&self, kind: CacheKind) {
        self.add(kind, 2);
    }

    /// Returns the counts so far.
    pub fn layer(&self, layer: &'static str) -> LayerCounts {
        let read = |[hits, misses, errors]: &[AtomicU64; 3]| Count {
            hits: hits.load(Ordering::Relaxed),
            misses: misses.load(Ordering::Relaxed),
            errors: errors.load(Ordering::Relaxed),
        };
        LayerCounts { layer, kinds: self.0.each_ref().map(read) }
    }

    fn add(&self, kind: CacheKind, what: usize) {
        self.0[kind as usize][what].fetch_add(1, Ordering::Relaxed);
    }
}

impl LayerCounts {
    /// Returns the sum over all kinds.
    pub fn total(&self) -> Count {
        let add = |sum: Count, one: &Count| Count {
            hits: sum.hits + one.hits,
            misses: sum.misses + one.misses,
            errors: sum.errors + one.errors,
        };
        self.kinds.iter().fold(Count::default(), add)
    }

    /// Returns the count of one kind.
    pub fn kind(&self, kind: CacheKind) -> Count {
        self.kinds[kind as usize]
    }
}
