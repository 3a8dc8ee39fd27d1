//! Reading through a cache: what is not there is fetched once and kept.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::flights::{Flights, Joined};
use super::key::Key;
use super::{Cache, Entry};

/// What was fetched for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    /// The value.
    pub value: Bytes,
    /// How long it may be kept; `None` is not at all, and then nobody else is given it either.
    pub keep: Option<Duration>,
}

/// A cache with a way to fill it.
pub struct ReadThrough {
    cache: Arc<dyn Cache>,
    flights: Flights<Key, Entry>,
}

impl ReadThrough {
    /// Reads through `cache`.
    pub fn new(cache: Arc<dyn Cache>) -> Self {
        Self { cache, flights: Flights::default() }
    }

    /// The cache itself.
    pub fn cache(&self) -> &dyn Cache {
        &*self.cache
    }

    /// What is kept under `key`, or what `fill` fetches. Of several callers of one key one looks and fetches, and the
    /// others wait for it; if it fails or its value may not be kept, each of them fetches by itself.
    ///
    /// # Errors
    /// Those of `fill`; nothing is kept then.
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
