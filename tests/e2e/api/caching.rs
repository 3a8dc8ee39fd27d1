//! Cache headers: every response defines who may cache it.

use reqwest::Method;
use serde_json::json;
use tests::System;

use super::{call, get};

#[tokio::test]
async fn repeated_get_of_a_finished_export_is_not_modified() {
    let system = System::get().await;
    let id = system
        .submit(&json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"}))
        .await
        .unwrap();
    system.fetch(id).await.unwrap();
    let path = format!("/exports/{id}");
    let first = get(&path).await;
    assert!(first.header("etag").starts_with("W/\""), "{}", first.header("etag"));
    let again =
        call(Method::GET, &path, Some(&system.stack.key), &[("if-none-match", first.header("etag"))], None)
            .await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn only_file_objects_are_publicly_cacheable() {
    let system = System::get().await;
    let id = system
        .submit(&json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02"}))
        .await
        .unwrap();
    let exported = system.fetch(id).await.unwrap();
    let file = exported.manifest.datasets[0].chunks[0].file.clone().unwrap();
    for path in [
        "/datasets".to_owned(),
        "/exports".to_owned(),
        format!("/exports/{id}"),
        format!("/exports/{id}/files"),
        format!("/exports/{id}/chunks"),
    ] {
        assert_eq!(get(&path).await.header("cache-control"), "private, no-cache", "{path}");
    }
    for path in [format!("/exports/{id}/files/{}", file.name), format!("/exports/{id}/manifest")] {
        let answer = get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (307, "no-store"), "{path}");
    }
    assert_eq!(get(&format!("/exports/{id}/files?links=true")).await.header("cache-control"), "no-store");
    let link = get(&format!("/exports/{id}/files/{}", file.name)).await.header("location").to_owned();
    let object = reqwest::get(link).await.unwrap();
    assert_eq!(object.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(object.headers()["content-disposition"].to_str().unwrap().contains(&file.name));
    assert!(object.headers().get("content-encoding").is_none());
}
