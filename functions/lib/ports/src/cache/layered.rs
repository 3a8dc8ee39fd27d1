//! Two caches in sequence: the near one is queried first and stores the values found in the far one.

use std::sync::Arc;

use async_trait::async_trait;

use super::counts::LayerCounts;
use super::key::Key;
use super::{Cache, Entry};

/// Two layers. Values from the far one are kept near for no longer than the far one would have kept them.
pub struct LayeredCache {
    near: Arc<dyn Cache>,
    far: Arc<dyn Cache>,
}

impl LayeredCache {
    /// Combines `near` with `far`.
    pub fn new(near: Arc<dyn Cache>, far: Arc<dyn Cache>) -> Self {
        Self { near, far }
    }
}

#[async_trait]
impl Cache for LayeredCache {
    async fn get(&self, key: &Key) -> Option<Entry> {
        if let Some(entry) = self.near.get(key).await {
            return Some(entry);
        }
        let entry = self.far.get(key).await?;
        self.near.put(key, &entry).await;
        Some(entry)
    }

    async fn put(&self, key: &Key, entry: &Entry) {
        self.near.put(key, entry).await;
        self.far.put(key, entry).await;
    }

    async fn remove(&self, key: &Key) {
        // The far one first: a caller that misses in the near one must not fetch the value back from there.
        self.far.remove(key).await;
        self.near.remove(key).await;
    }

    fn counts(&self) -> Vec<LayerCounts> {
        [self.near.counts(), self.far.counts()].concat()
    }
}
