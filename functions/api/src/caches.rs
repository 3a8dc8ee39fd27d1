//! Caches of the api: key owners, the catalog, and responses about ended exports. Only successful results from the store are cached,
//! never store errors or error responses, so that a new key works at once.
//!
//! The README of this crate lists what is cached where, for how long and why it is correct, in section "Caches".

mod catalogs;
mod framed;
mod keys;
mod report;
mod seal;

pub(crate) use catalogs::Catalogs;
pub(crate) use keys::{Keys, NoOwner};
pub(crate) use report::CounterEmitter;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::cache::{
    Cache, Filled, Key, Keyring, LayeredCache, MemoryCache, MemoryLimits, ReadThrough, RedisCache,
    SealedCache,
};
use ports::config::ConfigError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Store;

use crate::error::ApiError;

/// The read-through cache of the requests, and the cache keys of this deployment.
#[derive(Clone)]
pub struct Shared {
    pub(crate) through: Arc<ReadThrough>,
    pub(crate) keyring: Keyring,
}

impl Shared {
    /// Creates a read-through cache on `cache`, under the cache keys of one deployment.
    pub fn new(cache: Arc<dyn Cache>, deployment: &str) -> Self {
        Self { through: Arc::new(ReadThrough::new(cache)), keyring: Keyring::new(deployment) }
    }

    /// Creates the cache layers: memory alone, or memory in front of the Redis at `url`, whose entries are sealed
    /// with the secret in `store`.
    ///
    /// # Errors
    /// If `url` is not a Redis URL.
    pub fn layers(url: Option<&str>, deployment: &str, store: &Store) -> Result<Self, ConfigError> {
        let memory = Arc::new(MemoryCache::new(MemoryLimits::default()));
        let Some(url) = url else { return Ok(Self::new(memory, deployment)) };
        let redis = Arc::new(RedisCache::new(url)?);
        let sealed = Arc::new(SealedCache::new(redis, Arc::new(seal::Seal::new(store.clone()))));
        Ok(Self::new(Arc::new(LayeredCache::new(memory, sealed)), deployment))
    }

    /// Reads facts and body through the cache. `fill` returns them with the time for which they may be cached.
    pub(crate) async fn read<T, Fut>(&self, key: &Key, fill: impl Fn() -> Fut) -> Result<(T, Bytes), ApiError>
    where
        T: Serialize + DeserializeOwned,
        Fut: Future<Output = Result<(T, Bytes, Option<Duration>), ApiError>>,
    {
        let pack = || async {
            let (facts, body, keep) = fill().await?;
            Ok::<_, ApiError>(Filled { value: framed::pack(&facts, &body), keep })
        };
        let entry = self.through.read(key, pack).await?;
        if let Some(read) = framed::unpack(&entry.value) {
            return Ok(read);
        }
        // An entry this release cannot decode. It cannot occur as long as cache versions are raised.
        self.through.cache().remove(key).await;
        let (facts, body, _) = fill().await?;
        Ok((facts, body))
    }
}
