//! No tenant sees another tenant's rows, files or exports, or can find out that they exist.

use reqwest::Method;
use serde_json::json;
use tests::{System, copy_csv, sorted_records};

use super::call;

#[tokio::test]
async fn foreign_exports_are_not_found_on_any_route() {
    let system = System::get().await;
    let other = system.store().create_key(&"other".parse().unwrap(), "e2e").await.unwrap();
    let id = system
        .submit(&json!({"datasets": ["notes"], "startDate": "2024-01-01", "endDate": "2024-12-31"}))
        .await
        .unwrap();
    let exported = system.fetch(id).await.unwrap();
    let file = exported.manifest.datasets[0].chunks.iter().find_map(|c| c.file.as_ref()).unwrap();
    let routes = [
        (Method::GET, format!("/exports/{id}")),
        (Method::GET, format!("/exports/{id}/files")),
        (Method::GET, format!("/exports/{id}/files/{}", file.name)),
        (Method::GET, format!("/exports/{id}/chunks")),
        (Method::GET, format!("/exports/{id}/manifest")),
        (Method::POST, format!("/exports/{id}/retry")),
        (Method::DELETE, format!("/exports/{id}")),
    ];
    for (method, path) in routes {
        let foreign =
            call(method.clone(), &path, Some(&other), &[("content-type", "application/json")], None).await;
        let unknown = path.replace(&id.to_string(), "00000000-0000-4000-8000-000000000000");
        let nobody =
            call(method.clone(), &unknown, Some(&other), &[("content-type", "application/json")], None).await;
        assert_eq!(
            (foreign.status.as_u16(), &foreign.body["title"], &foreign.body["detail"]),
            (404, &nobody.body["title"], &nobody.body["detail"]),
            "{method} {path}"
        );
        assert_eq!(call(method.clone(), &path, None, &[], None).await.status, 401, "{method} {path}");
    }
    // The owner still has everything.
    system.fetch(id).await.unwrap();
}

#[tokio::test]
async fn a_tenant_gets_its_own_rows_only() {
    let system = System::get().await;
    let request = json!({"datasets": ["notes"], "startDate": "2024-01-01", "endDate": "2024-12-31"});
    let exported = system.export(&request).await.unwrap();
    let expected =
        copy_csv(&system.stack.owner_url, "select id, day, body from e2e.notes where account = 'demo'")
            .await
            .unwrap();
    assert_eq!(sorted_records(&exported.records("notes").unwrap()), sorted_records(&expected));
    // The tenant's column is excluded and cannot be used as a filter.
    let sneaky = json!({"datasets": [{"name": "notes", "filters": {"account": "other"}}], "startDate": "2024-01-01", "endDate": "2024-12-31"});
    assert_eq!(super::post("/exports", &sneaky).await.status, 422);
}

#[tokio::test]
async fn a_revoked_key_is_refused() {
    let system = System::get().await;
    let key = system.store().create_key(&"demo".parse().unwrap(), "e2e revoked").await.unwrap();
    assert!(system.store().revoke_key(key.split('_').nth(1).unwrap()).await.unwrap());
    assert_eq!(call(Method::GET, "/exports", Some(&key), &[], None).await.status, 401);
}
