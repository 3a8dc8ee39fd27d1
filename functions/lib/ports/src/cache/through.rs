//! Read-through cache: a missing value is fetched once and stored.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::flights::{Flights, Joined};
use super::key::Key;
use super::{Cache, Entry};

/// Value fetched for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The value.
    pub value: Bytes,
    /// Time for which it may be kept; `None` if it must not be kept, in which case no other caller gets it either.
    pub keep: Option<Duration>,
}

/// A cache combined with a way to fill it.
pub struct ReadThrough {
    cache: Arc<dyn Cache>,
    flights: Flights<Key, Entry>,
}

impl ReadThrough {
    /// Creates a reader through `cache`.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache, flights: Flights::default() }
    }

    /// Returns the cache itself.
    pub fn cache(&self) -> &dyn Cache {
        &*self.cache
    }

    /// Returns the value under `key`, or the one that `fill` fetches. Of several callers of one key, one reads and
    /// fetches, and the others wait for it; if it fails or its value must not be kept, each of them fetches by
    /// itself.
    ///
    /// # Errors
    /// Those of `fill`; nothing is kept in that case.
    pub async fn read<E, Fut>(&self, key: &Key, fill: impl FnOnce() -> Fut) -> Result<Entry, E>
    where
        Fut: Future<Output = Result<Filled, E>>,
    {
        let flight = match self.flights.join(key).await {
            Joined::First(flight) => flight,
            Joined::Other(Some(entry)) => return Ok(entry),
            Joined::Other(None) => return fill().await.map(Self::entry),
        };
        if let Some(entry) = self.cache.get(key).await {
            flight.land(entry.clone());
            return Ok(entry);
        }
        let filled = fill().await?;
        let kept = filled.keep.is_some_and(|keep| !keep.is_zero());
        let entry = Self::entry(filled);
        if kept {
            self.cache.put(key, &entry).await;
            flight.land(entry.clone());
        }
        Ok(entry)
    }

    fn entry(filled: Filled) -> Entry {
        Entry { value: filled.value, left: filled.keep.unwrap_or_default() }
    }
}
