//! Limits that a client can read.

use export::access::Access;
use reqwest::Method;
use serde_json::{Value, json};
use store::NewKey;
use tests::System;

use crate::api::call;

#[tokio::test]
async fn limits_count_the_exports_of_the_tenant_and_name_the_rights_of_the_key() {
    let system = System::get().await;
    let key = async |writes: bool| {
        let access = Access { datasets: None, writes };
        let tenant = "e2e-limits".parse().unwrap();
        let new = NewKey { tenant, label: "e2e limits".into(), access, expires_secs: None };
        system.store().create_key_for(&new).await.unwrap()
    };
    let (writer, reader) = (key(true).await, key(false).await);
    let limits = async |key: &str| {
        let answer = call(Method::GET, "/limits", Some(key), &[], None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    };
    let before = limits(&writer).await;
    assert_eq!((&before["readOnly"], &before["keptExports"]["used"]), (&json!(false), &json!(0)));
    assert_eq!(limits(&reader).await["readOnly"], json!(true));
    for (name, least) in [
        ("activeExports", 1),
        ("queuedExports", 1),
        ("keptExports", 100),
        ("keptChunks", 100),
        ("keptRequestBytes", 1 << 20),
    ] {
        assert!(before[name]["maximum"].as_u64() >= Some(least), "{name}: {before}");
    }
    for name in ["datasetsPerExport", "chunksPerExport", "deadlineSeconds", "retentionSeconds", "linkSeconds"]
    {
        assert!(before[name].as_u64() > Some(0), "{name}: {before}");
    }
    let body = json!({"datasets": ["whole"]}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = call(Method::POST, "/exports", Some(&writer), &headers, Some(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let after = limits(&reader).await;
    let used = |name: &str| after[name]["used"].as_u64().unwrap();
    assert_eq!((used("keptExports"), used("keptChunks")), (1, 1), "{after}");
    assert!(used("keptRequestBytes") > 0 && used("activeExports") + used("queuedExports") <= 1, "{after}");
    let unknown = call(Method::GET, "/limits?of=other", Some(&writer), &[], None).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.pointers(), ["?of"]);
    let none: Value = limits(&system.stack.key).await;
    assert_eq!(none["readOnly"], json!(false));
}
