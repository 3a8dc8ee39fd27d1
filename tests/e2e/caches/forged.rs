//! Write access to Redis is useless to an attacker: entries that the api did not write are ignored, and no object of
//! another tenant is ever signed.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ports::cache::{Cache, Entry, Keyring, LayeredCache, MemoryCache, MemoryLimits, RedisCache, View};
use tests::Redis;

use super::World;

/// Returns the cache entry of a file's name: facts preceded by their length.
fn file(key: &str) -> Entry {
    let facts = format!(r#"{{"key": "{key}", "name": "a.csv"}}"#);
    let mut value = u32::try_from(facts.len()).unwrap().to_be_bytes().to_vec();
    value.extend_from_slice(facts.as_bytes());
    Entry { value: Bytes::from(value), left: Duration::from_secs(300) }
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_redis_entries_are_not_used() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new().await;
    let id = world.succeeded().await;
    let path = world.paths(&world.process(None), id).await.pop().unwrap();
    let name = path.rsplit('/').next().unwrap().to_owned();
    let right = world.process(None).get(&path).await;
    assert!(right.location.starts_with("memory:///t/acme/c/"), "{}", right.location);
    let view = View { tenant: &world.tenant, changes: 0 };
    let at = Keyring::new("caches").file(view, id, &name);
    let attacker = RedisCache::new(&redis.url).unwrap();
    // An object of another tenant, and another object of the same one.
    for key in ["t/mallory/c/1/1.csv", "t/acme/c/1/1.csv"] {
        attacker.put(&at, &file(key)).await;
        let answer = world.process(Some(&redis)).get(&path).await;
        assert_eq!((answer.status, &answer.location), (307, &right.location), "{key}");
    }
    // The catalog too: a dataset with arbitrary SQL in it.
    let catalog = Entry { value: Bytes::from_static(b"{\"revision_id\": \"r\"}"), ..file("") };
    attacker.put(&Keyring::new("caches").catalog(), &catalog).await;
    assert_eq!(world.process(Some(&redis)).get("/datasets").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_another_tenant_are_never_signed() {
    let world = World::new().await;
    let id = world.succeeded().await;
    let path = world.paths(&world.process(None), id).await.pop().unwrap();
    let name = path.rsplit('/').next().unwrap().to_owned();
    let memory = || Arc::new(MemoryCache::new(MemoryLimits::default()));
    let far = memory();
    let process = world.process_with(Arc::new(LayeredCache::new(memory(), far.clone())));
    let at = Keyring::new("caches").file(View { tenant: &world.tenant, changes: 0 }, id, &name);
    far.put(&at, &file("t/mallory/c/1/1.csv")).await;
    let answer = process.get(&path).await;
    assert_eq!((answer.status, answer.location.as_str()), (500, ""), "{}", answer.body);
    assert!(!answer.body.contains("mallory"), "{}", answer.body);
}
