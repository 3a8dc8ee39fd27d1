//! A cache in this process, bounded by bytes and entries.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

use super::counts::{Counts, LayerCounts};
use super::key::Key;
use super::{Cache, Entry};

/// Cost of an entry in addition to its key and value: two map nodes and their share of free space.
const OVERHEAD_BYTES: usize = 200;

/// Maximum size of a cache in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Maximum number of bytes of all keys and values. A value above a quarter of it is not kept.
    pub bytes: usize,
    /// Maximum number of entries.
    pub entries: usize,
}

impl Default for MemoryLimits {
    /// Returns limits of an eighth of the api's memory.
    fn default() -> Self {
        Self { bytes: 64 << 20, entries: 10_000 }
    }
}

/// Values in memory. When it is full, the least recently used entry is removed first.
#[derive(Debug)]
pub struct MemoryCache {
    limits: MemoryLimits,
    state: Mutex<CacheState>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct CacheState {
    entries: HashMap<Key, Held>,
    /// Keys in the order of their last use.
    by_use: BTreeMap<u64, Key>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Held {
    value: Bytes,
    until: Instant,
    last_use: u64,
}

impl MemoryCache {
    /// Creates an empty cache.
    pub fn new(limits: MemoryLimits) -> Self {
        Self { limits, state: Mutex::default(), counts: Counts::default() }
    }

    fn state(&self) -> MutexGuard<'_, CacheState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CacheState {
    fn get(&mut self, key: &Key) -> Option<Entry> {
        let (now, use_number) = (Instant::now(), self.uses);
        let held = self.entries.get_mut(key)?;
        let left = held.until.saturating_duration_since(now);
        if left.is_zero() {
            self.remove(key);
            return None;
        }
        let before = std::mem::replace(&mut held.last_use, use_number);
        let value = held.value.clone();
        self.uses += 1;
        if let Some(key) = self.by_use.remove(&before) {
            self.by_use.insert(use_number, key);
        }
        Some(Entry { value, left })
    }

    fn put(&mut self, key: &Key, value: Bytes, until: Instant) {
        self.remove(key);
        let last_use = self.uses;
        self.uses += 1;
        self.bytes += size(key, &value);
        self.by_use.insert(last_use, key.clone());
        self.entries.insert(key.clone(), Held { value, until, last_use });
    }

    fn remove(&mut self, key: &Key) {
        if let Some(held) = self.entries.remove(key) {
            self.bytes -= size(key, &held.value);
            self.by_use.remove(&held.last_use);
        }
    }

    fn shrink(&mut self, limits: MemoryLimits) {
        while self.entries.len() > limits.entries || self.bytes > limits.bytes {
            let Some((_, key)) = self.by_use.pop_first() else { return };
            self.remove(&key);
        }
    }
}

fn size(key: &Key, value: &Bytes) -> usize {
    key.as_str().len() + value.len() + OVERHEAD_BYTES
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &Key) -> Option<Entry> {
        let found = self.state().get(key);
        self.counts.got(key.kind(), found.is_some());
        found
    }

    async fn put(&self, key: &Key, entry: &Entry) {
        let mut state = self.state();
        // An entry that lasts beyond the range of the clock need not be kept.
        let until = Instant::now().checked_add(entry.left.min(Duration::from_secs(86_400)));
        let fits = size(key, &entry.value) <= self.limits.bytes / 4;
        match until {
            Some(until) if fits && !entry.left.is_zero() => state.put(key, entry.value.clone(), until),
            _ => state.remove(key),
        }
        state.shrink(self.limits);
    }

    async fn remove(&self, key: &Key) {
        self.state().remove(key);
    }

    fn counts(&self) -> Vec<LayerCounts> {
        vec![self.counts.layer("memory")]
    }
}

#[cfg(test)]
mod tests {
    use super::super::Keyring;
    use super::*;
    use export::id::ExportId;

    fn key(n: u8) -> Key {
        let (keys, tenant) = (Keyring::new("test"), "acme".parse().unwrap());
        keys.export(super::super::View { tenant: &tenant, changes: 0 }, ExportId::from_random([n; 16]))
    }

    fn entry(bytes: usize) -> Entry {
        Entry { value: vec![7; bytes].into(), left: Duration::from_secs(60) }
    }

    #[tokio::test]
    async fn least_recently_used_entry_is_evicted_first() {
        let cache = MemoryCache::new(MemoryLimits { bytes: 1 << 20, entries: 3 });
        for n in 1..=3 {
            cache.put(&key(n), &entry(10)).await;
        }
        assert!(cache.get(&key(1)).await.is_some());
        cache.put(&key(4), &entry(10)).await;
        let mut there = Vec::new();
        for n in 1..=4 {
            there.push(cache.get(&key(n)).await.is_some());
        }
        assert_eq!(there, [true, false, true, true]);
    }

    #[tokio::test]
    async fn memory_cache_stays_within_its_byte_limit() {
        let cache = MemoryCache::new(MemoryLimits { bytes: 100_000, entries: 1000 });
        for n in 0..200 {
            cache.put(&key(n), &entry(5_000)).await;
            assert!(cache.state().bytes <= 100_000);
        }
        assert!(cache.get(&key(199)).await.is_some(), "the newest is there");
        cache.put(&key(199), &entry(30_000)).await;
        assert_eq!(cache.get(&key(199)).await, None, "one value never takes most of the room");
        for n in 0..200 {
            cache.remove(&key(n)).await;
        }
        let state = cache.state();
        assert_eq!((state.bytes, state.entries.len(), state.by_use.len()), (0, 0, 0));
    }
}
