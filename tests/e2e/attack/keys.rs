//! Expiry and revocation of keys, and the record of their use.

use std::time::Duration;

use export::access::Access;
use export::id::hex;
use ports::random;
use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use store::NewKey;
use tests::{Database, System, eventually};

use crate::api::call;

async fn status(key: &str) -> u16 {
    call(Method::GET, "/exports?limit=1", Some(key), &[], None).await.status.as_u16()
}

/// `CacheSeconds` of the stack: another environment of the api may accept a key for so long.
const KEPT: Duration = Duration::from_secs(1);

/// Waits until a working key is rejected, and checks that it stays so. Other tests send wrong keys: 429 is a rejection too.
async fn ends(key: &str) {
    eventually("the key works no longer", async || status(key).await == 401).await;
    tokio::time::sleep(KEPT + Duration::from_millis(500)).await;
    for _ in 0..10 {
        let status = status(key).await;
        assert!([401, 429].contains(&status), "{status}");
    }
}

fn new_key(expires_secs: Option<u64>) -> NewKey {
    NewKey { tenant: "demo".parse().unwrap(), label: "e2e ends".into(), access: Access::full(), expires_secs }
}

#[tokio::test]
async fn used_key_is_refused_after_revocation() {
    let system = System::get().await;
    let key = system.store().create_key_for(&new_key(None)).await.unwrap();
    assert_eq!(status(&key).await, 200);
    system.x(&["admin", "keys", "revoke", key.split('_').nth(1).unwrap()]).unwrap();
    ends(&key).await;
}

#[tokio::test]
async fn key_is_refused_after_its_expiry() {
    let system = System::get().await;
    let key = system.store().create_key_for(&new_key(Some(3))).await.unwrap();
    ends(&key).await;
    let listed = system.store().keys().await.unwrap();
    let info = listed.iter().find(|info| key.contains(&info.id)).unwrap();
    assert!(info.expired && !info.revoked);
}

#[tokio::test]
async fn key_with_one_wrong_character_is_refused() {
    let system = System::get().await;
    let whole = system.store().create_key_for(&new_key(None)).await.unwrap();
    // Without its checksum, as in older keys. Otherwise the api would reject each altered key without querying the
    // store.
    let key = whole[..whole.len() - 6].to_owned();
    let start = key.len() - 64;
    for at in [4, start, start + 1, start + 31, start + 32, key.len() - 1] {
        let mut wrong = key.clone().into_bytes();
        wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
        assert_eq!(status(&String::from_utf8(wrong).unwrap()).await, 401, "character {at}");
    }
    assert_eq!([status(&key).await, status(&whole).await], [200, 200]);
}

#[tokio::test]
async fn rotated_key_keeps_its_scope_and_ends_after_the_overlap() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = store::Store::new(&database.url).unwrap();
    let access = Access { datasets: Some(["orders".to_owned()].into()), writes: false };
    let old =
        store.create_key_for(&NewKey { access: access.clone(), ..new_key(Some(86_400)) }).await.unwrap();
    let (id, _) = export::key::read(&old).unwrap();
    let rotated = store.rotate_key(id, 3600, |lived| lived).await.unwrap().unwrap();
    assert_eq!((rotated.new.access, rotated.new.expires_secs), (access, Some(86_400)));
    let works = |key: String| {
        let store = store.clone();
        async move {
            let (id, secret) = export::key::read(&key).unwrap();
            store.authenticate(id, &Sha256::digest(secret).into()).await.unwrap().is_some()
        }
    };
    assert!(works(old.clone()).await && works(rotated.key.clone()).await, "both work during the overlap");
    let left = "select round(extract(epoch from expires_at - clock_timestamp()) / 60)::bigint from sluice.api_key where id = ";
    assert_eq!(database.number(&format!("{left}'{id}'")).await.unwrap(), 60);
    // The lifetime is that of its creation, although it ends in an hour now.
    let same = store.rotate_key(id, 3600, |lived| lived).await.unwrap().unwrap();
    assert_eq!(same.new.expires_secs, Some(86_400));
    // Rotated a third time, without any overlap.
    let again = store.rotate_key(id, 0, |_| None).await.unwrap().unwrap();
    assert_eq!(again.new.expires_secs, None);
    assert!(!works(old.clone()).await && works(again.key).await);
    assert_eq!(store.rotate_key(id, 3600, |lived| lived).await.unwrap(), None, "it works no more");
}

#[tokio::test]
async fn key_use_is_recorded_rarely_and_only_with_its_secret() {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = store::Store::new(&database.url).unwrap();
    let key = store.create_key_for(&new_key(None)).await.unwrap();
    let (id, secret) = export::key::read(&key).unwrap();
    let hash: [u8; 32] = Sha256::digest(secret).into();
    assert!(store.authenticate(id, &random::bytes()).await.unwrap().is_none());
    assert_eq!(store.keys().await.unwrap()[0].last_used_micros, None, "a guess is no use");
    assert!(store.authenticate(id, &hash).await.unwrap().is_some());
    let first = store.keys().await.unwrap()[0].last_used_micros.unwrap();
    for _ in 0..5 {
        assert!(store.authenticate(id, &hash).await.unwrap().is_some());
    }
    assert_eq!(store.keys().await.unwrap()[0].last_used_micros, Some(first), "not again within minutes");
    database
        .run("update sluice.api_key set last_used_at = last_used_at - interval '6 minutes'")
        .await
        .unwrap();
    assert!(store.authenticate(id, &hash).await.unwrap().is_some());
    assert!(store.keys().await.unwrap()[0].last_used_micros.unwrap() > first);
}

#[tokio::test]
async fn operator_creates_restricted_keys() {
    let system = System::get().await;
    let label = hex(&random::bytes::<4>());
    let made = system
        .x(&[
            "admin",
            "keys",
            "create",
            "demo",
            &label,
            "--datasets",
            "Whole,visits",
            "--read-only",
            "--expires",
            "90d",
        ])
        .unwrap();
    let key = made.lines().find(|line| line.starts_with("slc_")).unwrap();
    assert!(made.contains("for visits, whole only, read-only, valid for 90d"), "{made}");
    assert_eq!(status(key).await, 200);
    let listed = system.x(&["admin", "keys", "list"]).unwrap();
    let line = listed.lines().find(|line| line.contains(&label)).unwrap();
    for part in
        [key.split('_').nth(1).unwrap(), "demo", "visits whole", "read-only", "expires ", "used about "]
    {
        assert!(line.contains(part), "{line}");
    }
    let secret = export::key::read(key).unwrap().1;
    assert!(!listed.contains(secret), "the secret is nowhere");
    let secrets =
        "select count(*) from sluice.api_key where label like '%slc\\_%' or encode(secret_sha256, 'hex') = ";
    assert_eq!(system.number(&format!("{secrets}'{secret}'")).await.unwrap(), 0);
    let refused = system.x(&["admin", "keys", "create", "demo", "x", "--datasets", "nobodys"]);
    assert!(refused.unwrap_err().to_string().contains("nobodys"));
    // The key is read-only: a request for an export is forbidden.
    let body = json!({"startDate": "2024-01-01", "endDate": "2024-01-02"}).to_string();
    let headers = [("content-type", "application/json")];
    assert_eq!(call(Method::POST, "/whole", Some(key), &headers, Some(&body)).await.status, 403);
}
