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
                let page = Place { after, whole: false, limit };
                keys.extend([ring.files(view, id, page), ring.chunks(view, id, page)]);
            }
            keys.extend([ring.file(view, id, "a.csv"), ring.file(view, id, "b.csv")]);
        }
    }
    let different: std::collections::HashSet<_> = keys.iter().map(Key::as_str).collect();
    assert_eq!(different.len(), keys.len());
}

#[tokio::test]
async fn many_callers_of_one_key_fetch_it_once() {
    let through = Arc::new(ReadThrough::new(memory()));
    let fills = Arc::new(AtomicUsize::new(0));
    let read = || {
        let (through, fills) = (through.clone(), fills.clone());
        tokio::spawn(async move {
            let fill = || async {
                fills.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok::<_, ()>(filled(MINUTE))
            };
            through.read(&key(1), fill).await.unwrap().value
        })
    };
    let readers: Vec<_> = (0..50).map(|_| read()).collect();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), "value");
    }
    assert_eq!(fills.load(Ordering::Relaxed), 1);
    assert_eq!(through.cache().counts()[0].kind(Kind::Export), Count { hits: 0, misses: 1, errors: 0 });
}

#[tokio::test]
async fn failed_or_uncacheable_fills_are_not_shared() {
    let (through, one, two) = (ReadThrough::new(memory()), key(1), key(2));
    let fills = AtomicUsize::new(0);
    for keep in [None, Some(Duration::ZERO)] {
        fills.store(0, Ordering::Relaxed);
        let fill = || async {
            fills.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
            Ok::<_, ()>(filled(keep))
        };
        let (a, b, c) =
            tokio::join!(through.read(&one, fill), through.read(&one, fill), through.read(&one, fill));
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(fills.load(Ordering::Relaxed), 3, "each fetches its own");
    }
    // The first fails and the waiting callers fetch by themselves.
    let fails = |fail: bool| async move {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if fail { Err("no") } else { Ok(filled(MINUTE)) }
    };
    let (first, second) =
        tokio::join!(through.read(&two, || fails(true)), through.read(&two, || fails(false)));
    assert_eq!(first, Err("no"));
    assert_eq!(second.unwrap().value, "value");
}

#[tokio::test]
async fn dropped_fill_does_not_block_waiting_callers() {
    let (through, one) = (ReadThrough::new(memory()), key(1));
    let never = || async {
        std::future::pending::<()>().await;
        Ok::<_, ()>(filled(None))
    };
    let mut stuck = Box::pin(through.read(&one, never));
    assert!(futures::poll!(&mut stuck).is_pending());
    let mut waiting = Box::pin(through.read(&one, || async { Ok::<_, ()>(filled(MINUTE)) }));
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(stuck);
    assert_eq!(waiting.await.unwrap().value, "value");
}

#[tokio::test]
async fn after_forget_running_fills_are_not_shared() {
    let flights = Flights::<u8, u8>::default();
    let Joined::First(old) = flights.join(&1).await else { panic!("nobody was there") };
    flights.forget();
    let Joined::First(new) = flights.join(&1).await else { panic!("the old one is shared no more") };
    old.land(1);
    let other = flights.join(&1);
    let (other, ()) = tokio::join!(other, async { new.land(2) });
    assert!(matches!(other, Joined::Other(Some(2))));
}

#[tokio::test]
async fn unreachable_redis_costs_almost_no_time() {
    let cache = RedisCache::new("redis://127.0.0.1:1").unwrap();
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(cache.get(&key(1)).await, None);
    }
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    let count = cache.counts()[0].kind(Kind::Export);
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
