//! What is remembered: whose key it was, the catalog, and exports that have ended. Only answers of the store are kept,
//! never its failures, and no refusal: a new key works at once.
//!
//! What is kept where, for how long, and why it is right is in this crate's README, section "Caches".

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
use ports::store::Store;

/// The cache that requests read through, and the keys of this deployment in it.
#[derive(Clone)]
pub struct Shared {
    pub(crate) through: Arc<ReadThrough>,
    pub(crate) keyring: Keyring,
}

impl Shared {
    /// Reads through `cache` under the keys of one deployment.
    pub fn new(cache: Arc<dyn Cache>, deployment: &str) -> Self {
        Self { through: Arc::new(ReadThrough::new(cache)), keyring: Keyring::new(deployment) }
    }

    /// Memory alone, or memory before the Redis at `url`, whose entries are sealed with the secret in `store`.
    ///
    /// # Errors
    /// If `url` is no URL of a Redis.
    pub fn layers(url: Option<&str>, deployment: &str, store: &Store) -> Result<Self, ConfigError> {
        let memory = Arc::new(MemoryCache::new(MemoryLimits::default()));
        let Some(url) = url else { return Ok(Self::new(memory, deployment)) };
        let redis = Arc::new(RedisCache::new(url)?);
        let sealed = Arc::new(SealedCache::new(redis, Arc::new(seal::Seal::new(store.clone()))));
        Ok(Self::new(Arc::new(LayeredCache::new(memory, sealed)), deployment))
    }
}
