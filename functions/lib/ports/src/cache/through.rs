//! Read-through cache: a missing value is fetched and stored.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::key::Key;
use super::{Cache, Entry};

/// Value fetched for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The value.
    pub value: Bytes,
    /// Time for which it may be kept; `None` if it must not be kept.
    pub keep: Option<Duration>,
}

/// A cache combined with a way to fill it.
pub struct ReadThrough {
    cache: Arc<dyn Cache>,
}

impl ReadThrough {
    /// Creates a reader through `cache`.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache }
    }

    /// Returns the cache itself.
    pub fn cache(&self) -> &dyn Cache {
        &*self.cache
    }

    /// Returns the value under `key`, or the one that `fill` fetches. Callers of one key do not wait for each other: an
    /// environment of a function handles one request at a time.
    ///
    /// # Errors
    /// Those of `fill`; nothing is kept in that case.
    pub async fn read<E, Fut>(&self, key: &Key, fill: impl FnOnce() -> Fut) -> Result<Entry, E>
    where
        Fut: Future<Output = Result<Filled, E>>,
    {
        if let Some(entry) = self.cache.get(key).await {
            return Ok(entry);
        }
        let filled = fill().await?;
        let kept = filled.keep.is_some_and(|keep| !keep.is_zero());
        let entry = Self::entry(filled);
        if kept {
            self.cache.put(key, &entry).await;
        }
        Ok(entry)
    }

    fn entry(filled: Filled) -> Entry {
        Entry { value: filled.value, left: filled.keep.unwrap_or_default() }
    }
}
