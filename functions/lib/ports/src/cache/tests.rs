//! Tests without a server: the contract in memory, keys, one fetch per key, and a server that is missing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use export::id::{ChunkId, ExportId, TenantId};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::*;

fn memory() -> Arc<MemoryCache> {
    Arc::new(MemoryCache::new(MemoryLimits::default()))
}

fn key(n: u8) -> Key {
    let tenant: TenantId = "acme".parse().unwrap();
    Keyring::new("test").export(View { tenant: &tenant, changes: 0 }, ExportId::from_random([n; 16]))
}

fn filled(keep: Option<Duration>) -> Filled {
    Filled { value: Bytes::from_static(b"value"), keep }
}

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

#[tokio::test]
async fn memory_keeps_the_contract() {
    crate::contract::cache(&*memory()).await;
}

#[tokio::test]
async fn layers_keep_the_contract() {
    crate::contract::cache(&LayeredCache::new(memory(), memory())).await;
}

#[tokio::test]
async fn near_layer_keeps_entries_no_longer_than_far() {
    let (near, far) = (memory(), memory());
    let layered = LayeredCache::new(near.clone(), far.clone());
    far.put(&key(1), &Entry { value: Bytes::from_static(b"x"), left: Duration::from_secs(5) }).await;
    layered.get(&key(1)).await.unwrap();
    assert!(near.get(&key(1)).await.unwrap().left <= Duration::from_secs(5));
    let layers: Vec<_> = layered.counts().iter().map(|c| c.total().misses).collect();
    assert_eq!(layers, [1, 0]);
}

#[test]
fn cache_keys_are_distinct() {
    let (acme, beta): (TenantId, TenantId) = ("acme".parse().unwrap(), "beta".parse().unwrap());
    let id = ExportId::from_random([1; 16]);
    let [one, two] = [1, 2].map(|n| ChunkId::from_random([n; 16]));
    let mut keys = Vec::new();
    for deployment in ["one", "two"] {
        let ring = Keyring::new(deployment);
        keys.push(ring.catalog());
        for (tenant, changes) in [(&acme, 0), (&acme, 1), (&beta, 0)] {
            let view = View { tenant, changes };
            keys.extend([ring.export(view, id), ring.export(view, ExportId::from_random([2; 16]))]);
            for (after, limit) in [(None, 10), (None, 100), (Some((10, one)), 10), (Some((10, two)), 10)] {
                let page = PageRequest { after, whole: false, limit };
                keys.extend([ring.files(view, id, page), ring.chunks(view, id, page)]);
            }
            keys.extend([ring.file(view, id, "a.csv"), ring.file(view, id, "b.csv")]);
        }
    }
    let different: std::collections::HashSet<_> = keys.iter().map(Key::as_str).collect();
    assert_eq!(different.len(), keys.len());
}

#[tokio::test]
async fn missing_value_is_filled_and_kept() {
    let (through, fills) = (ReadThrough::new(memory()), AtomicUsize::new(0));
    let fill = || async {
        fills.fetch_add(1, Ordering::Relaxed);
        Ok::<_, ()>(filled(MINUTE))
    };
    for _ in 0..3 {
        assert_eq!(through.read(&key(1), fill).await.unwrap().value, "value");
    }
    assert_eq!(fills.load(Ordering::Relaxed), 1);
    assert_eq!(through.cache().counts()[0].kind(CacheKind::Export), Count { hits: 2, misses: 1, errors: 0 });
}

#[tokio::test]
async fn failed_or_uncacheable_fills_are_not_kept() {
    let (through, fills) = (ReadThrough::new(memory()), AtomicUsize::new(0));
    for keep in [None, Some(Duration::ZERO)] {
        let fill = || async {
            fills.fetch_add(1, Ordering::Relaxed);
            Ok::<_, ()>(filled(keep))
        };
        assert!(through.read(&key(1), fill).await.is_ok() && through.read(&key(1), fill).await.is_ok());
    }
    assert_eq!(fills.load(Ordering::Relaxed), 4);
    assert_eq!(through.read(&key(2), || async { Err("no") }).await, Err("no"));
    assert_eq!(through.read(&key(2), || async { Ok::<_, ()>(filled(MINUTE)) }).await.unwrap().value, "value");
}

#[tokio::test]
async fn unreachable_redis_costs_almost_no_time() {
    let cache = RedisCache::new("redis://127.0.0.1:1").unwrap();
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(cache.get(&key(1)).await, None);
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let count = cache.counts()[0].kind(CacheKind::Export);
    assert_eq!((count.misses, count.errors), (1000, 1), "it was asked once and then left alone");
}

#[tokio::test]
async fn silent_redis_is_queried_only_rarely() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let cache = RedisCache::new(&url).unwrap();
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get(&key(1)).await, None);
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[tokio::test]
async fn rediss_speaks_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rediss://:secret@127.0.0.1:{}", listener.local_addr().unwrap().port());
    let cache = RedisCache::new(&url).unwrap();
    let hello = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut first = [0; 3];
        stream.read_exact(&mut first).await.unwrap();
        first
    };
    let key = key(1);
    let (found, first) = tokio::join!(cache.get(&key), hello);
    assert_eq!((found, &first[..2]), (None, &[0x16, 0x03][..]), "a TLS handshake, and no password before it");
}

#[test]
fn a_malformed_url_is_not_shown() {
    for bad in ["http://:secret@host", "secret", "redis://:secret@host:port"] {
        let error = RedisCache::new(bad).err().unwrap().to_string();
        assert!(error.contains("SLUICE_CACHE_URL") && !error.contains("secret"), "{error}");
    }
}
