//! Contents of Redis: nothing that could be used to fetch a file or send a request, and nothing that is kept forever.

use export::id::hex;
use ports::cache::Keyring;
use sha2::{Digest, Sha256};
use tests::Redis;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn no_link_and_no_key_is_ever_in_redis() {
    let Some(redis) = Redis::start() else { return };
    let world = World::new().await;
    let id = world.succeeded().await;
    let process = world.process(Some(&redis));
    process.get("/datasets").await;
    process.get("/exports").await;
    let mut links = Vec::new();
    for path in world.paths(&process, id).await {
        let answer = process.get(&path).await;
        links.push(answer.location);
    }
    assert!(links.iter().any(|link| link.contains("secs=900")), "links were made");
    let (_, secret) = world.key.rsplit_once('_').unwrap();
    let hash: [u8; 32] = Sha256::digest(secret).into();
    let keys = redis.keys().unwrap();
    assert!(keys.len() >= 6, "{keys:?}");
    for key in &keys {
        let value = redis.value(key).unwrap();
        let text = format!("{key} {}", String::from_utf8_lossy(&value));
        for secret in [secret, &world.key, &hex(&hash), "secs=900", "memory:///", "X-Amz", "Bearer"] {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(!value.windows(32).any(|bytes| bytes == hash));
        let (tenants, catalog) = (key.contains(":acme:"), *key == Keyring::new("caches").catalog().as_str());
        assert!(tenants || catalog, "{key} names its tenant");
        assert!(redis.expires(key).unwrap(), "{key} is kept for ever");
    }
}
