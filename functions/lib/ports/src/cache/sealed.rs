//! Sealed entries, for a cache to which other parties may write: their values are never accepted. Each entry carries
//! an HMAC over its key, its expiry and its value; an entry not sealed with this deployment's secret is a miss.
//! Therefore an entry cannot be forged, moved to another key, or kept beyond its expiry.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::hmac;
use bytes::{BufMut, Bytes, BytesMut};

use super::counts::LayerCounts;
use super::key::Key;
use super::{Cache, Entry};

/// Number of bytes of the expiry and of the HMAC before a value.
const END: usize = 8;
const MAC: usize = 32;

/// Minimum time between two logged broken seals.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Source of the secret.
#[async_trait]
pub trait SealSecret: Send + Sync {
    /// Returns the secret; `None` while it is not available, in which case nothing is cached.
    async fn secret(&self) -> Option<[u8; 32]>;
}

/// Cache that seals entries before it stores them in another cache, and checks those it reads from there.
pub struct SealedCache {
    inner: Arc<dyn Cache>,
    secret: Arc<dyn SealSecret>,
    logged: Mutex<Option<Instant>>,
}

impl SealedCache {
    /// Creates a cache that seals the entries of `inner`.
    pub fn new(inner: Arc<dyn Cache>, secret: Arc<dyn SealSecret>) -> Self {
        Self { inner, secret, logged: Mutex::default() }
    }

    async fn key(&self) -> Option<hmac::Key> {
        Some(hmac::Key::new(hmac::HMAC_SHA256, &self.secret.secret().await?))
    }

    fn warn(&self, key: &Key) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
            *logged = Some(Instant::now());
            tracing::warn!(
                kind = key.kind().as_str(),
                "an entry of the shared cache was not sealed by this deployment and is not used; check which clients can write to CacheUrl"
            );
        }
    }
}

#[async_trait]
impl Cache for SealedCache {
    async fn get(&self, key: &Key) -> Option<Entry> {
        let secret = self.key().await?;
        let sealed = self.inner.get(key).await?;
        let Some((value, end_ms)) = open(&secret, key, &sealed.value) else {
            self.warn(key);
            return None;
        };
        let left = Duration::from_millis(end_ms.checked_sub(now_ms())?).min(sealed.left);
        (!left.is_zero()).then_some(Entry { value, left })
    }

    async fn put(&self, key: &Key, entry: &Entry) {
        let Some(secret) = self.key().await else { return self.inner.remove(key).await };
        let left_ms = u64::try_from(entry.left.as_millis()).unwrap_or(u64::MAX);
        let value = seal(&secret, key, &entry.value, now_ms().saturating_add(left_ms));
        self.inner.put(key, &Entry { value, left: entry.left }).await;
    }

    async fn remove(&self, key: &Key) {
        self.inner.remove(key).await;
    }

    fn counts(&self) -> Vec<LayerCounts> {
        self.inner.counts()
    }
}

fn mac(secret: &hmac::Key, key: &Key, end: [u8; END], value: &[u8]) -> hmac::Context {
    let mut mac = hmac::Context::with_key(secret);
    // The expiry has a fixed length and a key contains no NUL, so no two triples give the same text.
    mac.update(&end);
    mac.update(key.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(value);
    mac
}

fn seal(secret: &hmac::Key, key: &Key, value: &[u8], end_ms: u64) -> Bytes {
    let end = end_ms.to_be_bytes();
    let mut sealed = BytesMut::with_capacity(END + MAC + value.len());
    sealed.put_slice(&end);
    sealed.put_slice(mac(secret, key, end, value).sign().as_ref());
    sealed.put_slice(value);
    sealed.freeze()
}

fn open(secret: &hmac::Key, key: &Key, sealed: &Bytes) -> Option<(Bytes, u64)> {
    let (end, rest) = sealed.split_first_chunk::<END>()?;
    let (found, value) = rest.split_first_chunk::<MAC>()?;
    let mut text = Vec::with_capacity(END + key.as_str().len() + 1 + value.len());
    text.extend_from_slice(end);
    text.extend_from_slice(key.as_str().as_bytes());
    text.push(0);
    text.extend_from_slice(value);
    hmac::verify(secret, &text, found).ok()?;
    Some((sealed.slice(END + MAC..), u64::from_be_bytes(*end)))
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use export::id::ExportId;

    use super::super::{Keyring, MemoryCache, MemoryLimits, View};
    use super::*;

    struct Fixed(Option<[u8; 32]>);

    #[async_trait]
    impl SealSecret for Fixed {
        async fn secret(&self) -> Option<[u8; 32]> {
            self.0
        }
    }

    fn memory() -> Arc<MemoryCache> {
        Arc::new(MemoryCache::new(MemoryLimits::default()))
    }

    fn sealed(inner: &Arc<MemoryCache>, secret: Option<[u8; 32]>) -> SealedCache {
        SealedCache::new(inner.clone(), Arc::new(Fixed(secret)))
    }

    fn key(n: u8) -> Key {
        let tenant = "acme".parse().unwrap();
        Keyring::new("test").export(View { tenant: &tenant, changes: 0 }, ExportId::from_random([n; 16]))
    }

    fn entry(value: &'static [u8]) -> Entry {
        Entry { value: Bytes::from_static(value), left: Duration::from_secs(60) }
    }

    #[tokio::test]
    async fn sealed_entries_keep_the_contract() {
        crate::contract::cache(&sealed(&memory(), Some([7; 32]))).await;
    }

    #[tokio::test]
    async fn entries_of_other_writers_are_ignored() {
        let inner = memory();
        let (ours, others) = (sealed(&inner, Some([7; 32])), sealed(&inner, Some([8; 32])));
        inner.put(&key(1), &entry(b"forged")).await;
        assert_eq!(ours.get(&key(1)).await, None, "written without a seal");
        others.put(&key(1), &entry(b"forged")).await;
        assert_eq!(ours.get(&key(1)).await, None, "sealed with another secret");
        ours.put(&key(1), &entry(b"right")).await;
        assert_eq!(ours.get(&key(1)).await.unwrap().value, &b"right"[..]);
        let right = inner.get(&key(1)).await.unwrap();
        inner.put(&key(2), &right).await;
        assert_eq!(ours.get(&key(2)).await, None, "moved under another key");
        for at in 0..right.value.len() {
            let mut altered = right.value.to_vec();
            altered[at] ^= 1;
            inner.put(&key(1), &Entry { value: altered.into(), ..right.clone() }).await;
            assert_eq!(ours.get(&key(1)).await, None, "byte {at} altered");
        }
        inner.put(&key(1), &Entry { value: right.value.slice(..20), ..right }).await;
        assert_eq!(ours.get(&key(1)).await, None, "cut");
    }

    #[tokio::test]
    async fn sealed_entry_expires_at_its_original_time() {
        let inner = memory();
        let ours = sealed(&inner, Some([7; 32]));
        ours.put(&key(1), &Entry { left: Duration::from_millis(20), ..entry(b"old") }).await;
        let old = inner.get(&key(1)).await.unwrap();
        inner.put(&key(1), &Entry { left: Duration::from_secs(3600), ..old }).await;
        assert!(ours.get(&key(1)).await.is_none_or(|entry| entry.left <= Duration::from_millis(20)));
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(ours.get(&key(1)).await, None, "kept alive by another writer");
    }

    #[tokio::test]
    async fn without_the_secret_nothing_is_cached() {
        let inner = memory();
        sealed(&inner, Some([7; 32])).put(&key(1), &entry(b"right")).await;
        let without = sealed(&inner, None);
        assert_eq!(without.get(&key(1)).await, None);
        without.put(&key(1), &entry(b"new")).await;
        assert_eq!(inner.get(&key(1)).await, None, "what is replaced is not left behind");
    }
}
