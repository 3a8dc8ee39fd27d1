//! Caches: bytes under typed keys, for a limited time. A cache is never the source of truth: it may drop anything at
//! any time, and a layer that cannot be reached has no values and costs almost nothing.
//!
//! The caller decides which values are cached and ensures that an outdated one is never found again: see [`Key`].
//! Neither links nor secrets are ever put into a cache.

mod counts;
mod key;
mod layered;
mod memory;
mod redis;
mod sealed;
mod through;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use counts::{Count, Counts, LayerCounts};
pub use key::{CacheKind, Key, Keyring, PageRequest, View};
pub use layered::LayeredCache;
pub use memory::{MemoryCache, MemoryLimits};
pub use redis::RedisCache;
pub use sealed::{SealSecret, SealedCache};
pub use through::{Filled, ReadThrough};

/// A value held by a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// Remaining time for which it may be kept. Layers pass it on, so that two of them do not keep it twice as long.
    pub left: Duration,
}

/// One layer of caching, or several in sequence.
///
/// No call fails: the adapter counts and logs an error or a timeout, and the caller gets a miss.
#[async_trait]
pub trait Cache: Send + Sync {
    /// Returns the value under `key`.
    async fn get(&self, key: &Key) -> Option<Entry>;

    /// Stores a value for the time in the entry; an earlier value is replaced.
    async fn put(&self, key: &Key, entry: &Entry);

    /// Removes a value.
    async fn remove(&self, key: &Key);

    /// Returns the counts of each layer, outermost first.
    fn counts(&self) -> Vec<LayerCounts>;
}

#[cfg(test)]
mod tests;
