//! Caches of the api: key owners, the catalog, and ended exports. Only successful results from the store are cached,
//! never store errors or error responses, so that a new key works at once.
//!
//! The README of this crate lists what is cached where, for how long and why it is correct, in section "Caches".

mod catalogs;
mod ended;
mod framed;
mod keys;
mod report;
mod seal;

pub(crate) use catalogs::Catalogs;
pub(crate) use ended::{chunks, export, file, files};
pub(crate) use keys::{Keys, NoOwner};
pub(crate) use report::Report;

use std::sync::Arc;

use ports::cache::{
    Cache, Keyring, LayeredCache, MemoryCache, MemoryLimits, ReadThrough, RedisCache, SealedCache,
};
use ports::config::ConfigError;
use store::Store;

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
}
