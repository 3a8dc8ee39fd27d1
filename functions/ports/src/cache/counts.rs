//! How often a layer had what it was asked for.

use std::sync::atomic::{AtomicU64, Ordering};

use super::key::Kind;

/// Counters of one layer, by kind of key.
#[derive(Debug, Default)]
pub struct Counts([[AtomicU64; 3]; Kind::ALL.len()]);

/// What was counted for one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// It was there.
    pub hits: u64,
    /// It was not there, or the layer could not be asked.
    pub misses: u64,
    /// Calls that failed, writes included.
    pub errors: u64,
}

impl Count {
    /// What came since `earlier`, an older count of the same.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(earlier.hits),
            misses: self.misses.saturating_sub(earlier.misses),
            errors: self.errors.saturating_sub(earlier.errors),
        }
    }
}

/// What was counted in one layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerCounts {
    /// `memory` or `redis`.
    pub layer: &'static str,
    /// By kind, in the order of [`Kind::ALL`].
    pub kinds: [Count; Kind::ALL.len()],
}

impl Counts {
    /// Counts the answer to a `get`.
    pub fn got(&self, kind: Kind, hit: bool) {
        self.add(kind, usize::from(!hit));
    }

    /// Counts a call that failed.
    pub fn failed(&self, kind: Kind) {
        self.add(kind, 2);
    }

    /// What was counted so far.
    pub fn layer(&self, layer: &'static str) -> LayerCounts {
        let read = |[hits, misses, errors]: &[AtomicU64; 3]| Count {
            hits: hits.load(Ordering::Relaxed),
            misses: misses.load(Ordering::Relaxed),
            errors: errors.load(Ordering::Relaxed),
        };
        LayerCounts { layer, kinds: self.0.each_ref().map(read) }
    }

    fn add(&self, kind: Kind, what: usize) {
        self.0[kind as usize][what].fetch_add(1, Ordering::Relaxed);
    }
}

impl LayerCounts {
    /// All kinds together.
    pub fn total(&self) -> Count {
        let add = |sum: Count, one: &Count| Count {
            hits: sum.hits + one.hits,
            misses: sum.misses + one.misses,
            errors: sum.errors + one.errors,
        };
        self.kinds.iter().fold(Count::default(), add)
    }

    /// One kind.
    pub fn kind(&self, kind: Kind) -> Count {
        self.kinds[kind as usize]
    }
}
