//! One cache before another: the near one is asked first and learns what the far one knows.

use std::sync::Arc;

use async_trait::async_trait;

use super::counts::LayerCounts;
use super::key::Key;
use super::{Cache, Entry};

/// Two layers. What the far one gives is kept near for no longer than the far one would have kept it.
pub struct LayeredCache {
    near: Arc<dyn Cache>,
    far: Arc<dyn Cache>,
}

impl LayeredCache {
    /// Puts `near` before `far`.
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
        // The far one first: who finds the near one empty must not fetch it back from there.
        self.far.remove(key).await;
        self.near.remove(key).await;
    }

    fn counts(&self) -> Vec<LayerCounts> {
        [self.near.counts(), self.far.counts()].concat()
    }
}
