//! Contract of a cache: it must never return anything but the last value put, and never delay a caller.

use std::time::{Duration, Instant};

use bytes::Bytes;
use export::id::ExportId;

use crate::cache::{Cache, CacheKind, Entry, Key, Keyring, PageRequest, View};
use crate::random;

const MINUTE: Duration = Duration::from_secs(60);
/// Maximum time until a cache uses its server again after an outage.
const RECOVERY: Duration = Duration::from_secs(10);

/// Keys of one run, since caches outlive tests.
fn keys() -> [Key; 4] {
    let ring = Keyring::new(&format!("contract-{}", export::id::hex(&random::bytes::<8>())));
    let tenant = "acme".parse().expect("a tenant");
    let view = View { tenant: &tenant, changes: 3 };
    let id = ExportId::from_random(random::bytes());
    let page = PageRequest { after: None, whole: false, limit: 10 };
    [ring.catalog(), ring.export(view, id), ring.files(view, id, page), ring.file(view, id, "ä b:c\n.csv")]
}

fn entry(value: impl Into<Bytes>, left: Duration) -> Entry {
    Entry { value: value.into(), left }
}

/// Returns the value under `key`, after checking that it is kept for no longer than `most`.
async fn value(cache: &dyn Cache, key: &Key, most: Duration) -> Option<Bytes> {
    let entry = cache.get(key).await?;
    assert!(!entry.left.is_zero() && entry.left <= most, "{:?} are left of {most:?}", entry.left);
    Some(entry.value)
}

/// Runs the whole suite.
///
/// # Panics
/// If the cache breaks the contract.
pub async fn cache(cache: &dyn Cache) {
    values_come_back(cache).await;
    time_to_live_ends(cache).await;
    hits_and_misses_are_counted(cache).await;
}

async fn values_come_back(cache: &dyn Cache) {
    let keys = keys();
    for key in &keys {
        assert_eq!(value(cache, key, MINUTE).await, None, "nothing is there at first");
    }
    let long: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    let values = [Bytes::from_static(b""), Bytes::from(long), Bytes::from_static(b"\0\r\n$-1"), "é".into()];
    for (key, value) in keys.iter().zip(&values) {
        cache.put(key, &entry(value.clone(), MINUTE)).await;
    }
    for (key, put) in keys.iter().zip(&values) {
        assert_eq!(value(cache, key, MINUTE).await.as_ref(), Some(put), "{}", key.as_str());
    }
    cache.put(&keys[1], &entry("new", MINUTE)).await;
    assert_eq!(value(cache, &keys[1], MINUTE).await, Some("new".into()), "the last one counts");
    cache.remove(&keys[1]).await;
    cache.remove(&keys[1]).await;
    assert_eq!(value(cache, &keys[1], MINUTE).await, None, "what was removed is gone");
    assert_eq!(value(cache, &keys[3], MINUTE).await, Some("é".into()), "and nothing else");
    for key in &keys {
        cache.remove(key).await;
    }
}

async fn time_to_live_ends(cache: &dyn Cache) {
    let [short, long, none, _] = keys();
    let moment = Duration::from_millis(300);
    cache.put(&short, &entry("x", moment)).await;
    cache.put(&long, &entry("y", MINUTE)).await;
    cache.put(&none, &entry("z", MINUTE)).await;
    cache.put(&none, &entry("z", Duration::ZERO)).await;
    assert_eq!(value(cache, &none, MINUTE).await, None, "what may not be kept replaces what was");
    assert_eq!(value(cache, &short, moment).await, Some("x".into()));
    tokio::time::sleep(moment + Duration::from_millis(100)).await;
    assert_eq!(value(cache, &short, moment).await, None, "its time is over");
    assert_eq!(value(cache, &long, MINUTE).await, Some("y".into()));
    cache.remove(&long).await;
}

async fn hits_and_misses_are_counted(cache: &dyn Cache) {
    let [_, _, _, key] = keys();
    let outermost = || cache.counts()[0].kind(CacheKind::File);
    let before = outermost();
    cache.get(&key).await;
    cache.put(&key, &entry("x", MINUTE)).await;
    cache.get(&key).await;
    let after = outermost();
    assert_eq!((after.hits - before.hits, after.misses - before.misses), (1, 1));
    cache.remove(&key).await;
}

/// Checks a cache whose server goes away and comes back, with its memory or without: `switch(false)` stops it,
/// `switch(true)` starts it again.
///
/// # Panics
/// If the cache breaks the contract.
pub async fn cache_outage(cache: &dyn Cache, mut switch: impl AsyncFnMut(bool)) {
    let [first, second, third, _] = keys();
    cache.put(&first, &entry("old", MINUTE)).await;
    assert_eq!(value(cache, &first, MINUTE).await, Some("old".into()));

    switch(false).await;
    let start = Instant::now();
    for _ in 0..50 {
        let found = value(cache, &first, MINUTE).await;
        assert!(found.is_none_or(|v| v == "old"), "a value that was never there");
        cache.put(&second, &entry("other", MINUTE)).await;
        cache.remove(&third).await;
        assert_eq!(value(cache, &third, MINUTE).await, None);
    }
    let took = start.elapsed();
    assert!(took < Duration::from_secs(2), "200 calls without a server took {took:?}");

    switch(true).await;
    let give_up = Instant::now() + RECOVERY;
    // A nearer layer may hold it meanwhile, so the test requires hits in the last one.
    let last = || cache.counts().last().map_or(0, |layer| layer.total().hits);
    let before = last();
    loop {
        let [fresh, ..] = keys();
        cache.put(&fresh, &entry("back", MINUTE)).await;
        let found = value(cache, &fresh, MINUTE).await;
        assert!(found.is_none() || found == Some("back".into()));
        let several_layers = cache.counts().len() > 1;
        if found.is_some() && (several_layers || last() > before) {
            return;
        }
        assert!(Instant::now() < give_up, "the server is back and is not used");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
