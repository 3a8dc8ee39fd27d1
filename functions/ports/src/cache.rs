//! Caches: bytes under typed keys, for a while. A cache is never asked for the truth: it may forget anything at any
//! time, and a layer that cannot be reached has nothing and costs next to nothing.
//!
//! What is kept, and how an answer that has become wrong is never found again, is the caller's: see [`Key`].
//! Neither links nor secrets are ever given to a cache.

mod counts;
mod flights;
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
pub use flights::{Flight, Flights, Joined};
pub use key::{Key, Keyring, Kind, Place, View};
pub use layered::LayeredCache;
pub use memory::{MemoryCache, MemoryLimits};
pub use redis::RedisCache;
pub use sealed::{SealSecret, SealedCache};
pub use through::{Filled, ReadThrough};

/// What a cache holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The value.
    pub value: Bytes,
    /// How much longer it may be kept. Layers hand it on, so that two of them do not keep it twice as long.
    pub left: Duration,
}

/// One layer of caching, or several behind one another.
///
/// No call fails: an error or a timeout is counted and logged by the adapter, and is a miss for everybody else.
#[async_trait]
pub trait Cache: Send + Sync {
    /// What is kept under `key`.
    async fn get(&self, key: &Key) -> Option<Entry>;

    /// Keeps a value for as long as the entry says; what was there before is replaced.
    async fn put(&self, key: &Key, entry: &Entry);

    /// Forgets a value.
    async fn remove(&self, key: &Key);

    /// What each layer was asked and had, outermost first.
    fn counts(&self) -> Vec<LayerCounts>;
}

#[cfg(test)]
mod tests;
