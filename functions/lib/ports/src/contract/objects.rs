//! Contract of a bucket. The suite works below a prefix of its own and removes all its objects.

use bytes::Bytes;

use crate::objects::parts::MIN_PART_BYTES;
use crate::objects::{Meta, Objects, ObjectsError, ObjectsErrorKind};

const PREFIX: &str = "contract/objects/";

/// Runs the whole suite; panics at the first violation.
///
/// # Panics
/// If the bucket breaks the contract.
pub async fn objects(bucket: &dyn Objects) {
    clear(bucket).await.expect("an empty prefix");
    let kept = async {
        small_objects(bucket).await?;
        uploads_exist_when_complete(bucket).await?;
        parts_come_in_any_order(bucket).await?;
        listings_go_on_after_a_key(bucket).await?;
        unfinished_uploads_are_swept(bucket).await
    };
    kept.await.expect("the contract's calls succeed");
    clear(bucket).await.expect("nothing is left");
}

fn key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

fn meta() -> Meta {
    Meta {
        content_type: "text/csv; charset=utf-8".into(),
        download_name: Some("a.csv".into()),
        immutable: true,
    }
}

async fn clear(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    bucket.abort_uploads(PREFIX).await?;
    loop {
        let page = bucket.list(PREFIX, None).await?;
        bucket.delete(&page.keys).await?;
        if !page.more {
            return Ok(());
        }
    }
}

async fn small_objects(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    let a = key("a");
    assert_eq!(bucket.size(&a).await?, None);
    assert_eq!(bucket.get(&a).await.expect_err("nothing is there").kind, ObjectsErrorKind::NotFound);
    bucket.put(&a, Bytes::from_static(b"one"), &meta()).await?;
    bucket.put(&a, Bytes::from_static(b"three"), &meta()).await?;
    assert_eq!(bucket.get(&a).await?, "three");
    assert_eq!(bucket.size(&a).await?, Some(5));
    let link = bucket.presign_get(&a, 60, Some("a.csv")).await?;
    assert!(link.contains(&a), "a link names its object");
    bucket.delete(&[a.clone(), key("never-there")]).await?;
    assert_eq!(bucket.size(&a).await?, None);
    bucket.delete(&[]).await
}

async fn uploads_exist_when_complete(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    let big = key("big");
    let upload = bucket.upload(&big, &meta()).await?;
    upload.part(1, Bytes::from_static(b"only")).await?;
    assert_eq!(bucket.size(&big).await?, None, "it does not exist before it is complete");
    upload.complete().await?;
    assert_eq!(bucket.get(&big).await?, "only", "a last part may be small");

    let gone = bucket.upload(&key("gone"), &meta()).await?;
    gone.part(1, Bytes::from_static(b"x")).await?;
    gone.abort().await?;
    gone.abort().await?;
    assert!(gone.complete().await.is_err(), "what was aborted cannot be completed");
    assert_eq!(bucket.size(&key("gone")).await?, None);
    bucket.delete(&[big]).await
}

async fn parts_come_in_any_order(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    let key = key("parts");
    let upload = bucket.upload(&key, &meta()).await?;
    let part = |byte: u8, len: usize| Bytes::from(vec![byte; len]);
    upload.part(2, part(b'b', MIN_PART_BYTES)).await?;
    upload.part(3, part(b'c', 1)).await?;
    upload.part(1, part(b'x', MIN_PART_BYTES)).await?;
    upload.part(1, part(b'a', MIN_PART_BYTES)).await?;
    upload.complete().await?;
    let whole = [part(b'a', MIN_PART_BYTES), part(b'b', MIN_PART_BYTES), part(b'c', 1)].concat();
    assert!(bucket.get(&key).await? == whole, "the parts stand in the order of their numbers");
    bucket.delete(&[key]).await
}

async fn listings_go_on_after_a_key(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    let keys: Vec<String> = ["list/1", "list/2", "list/3"].map(key).into();
    for key in &keys {
        bucket.put(key, Bytes::from_static(b"x"), &meta()).await?;
    }
    let page = bucket.list(&key("list/"), None).await?;
    assert_eq!((page.keys.as_slice(), page.more), (keys.as_slice(), false));
    let page = bucket.list(&key("list/"), Some(&keys[0])).await?;
    assert_eq!(page.keys, keys[1..]);
    assert!(bucket.list(&key("list/2/"), None).await?.keys.is_empty());
    bucket.delete(&keys).await
}

async fn unfinished_uploads_are_swept(bucket: &dyn Objects) -> Result<(), ObjectsError> {
    let below = bucket.upload(&key("sweep/x"), &meta()).await?;
    let other = bucket.upload(&key("other/x"), &meta()).await?;
    other.part(1, Bytes::from_static(b"kept")).await?;
    assert_eq!(bucket.abort_uploads(&key("sweep/")).await?, 1);
    assert_eq!(bucket.abort_uploads(&key("sweep/")).await?, 0);
    let lost = async {
        below.part(1, Bytes::from_static(b"late")).await?;
        below.complete().await
    };
    assert!(lost.await.is_err(), "a swept upload cannot be completed");
    other.complete().await?;
    bucket.delete(&[key("other/x")]).await
}
