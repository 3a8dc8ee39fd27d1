//! The audit log: one structured line for each audited action with actor and outcome, and no key in any log.

use reqwest::Method;
use serde_json::Value;
use tests::System;

use crate::api::{call, exports, get};

/// Returns the audit events among the lines that `cargo x logs` prints.
pub(super) fn audit_events(log: &str) -> Vec<Value> {
    json_lines(log).into_iter().filter(|event| event["target"] == "audit").collect()
}

/// Returns the JSON lines among those that `cargo x logs` prints.
pub(crate) fn json_lines(log: &str) -> Vec<Value> {
    let json = log.lines().filter_map(|line| {
        line.split_once("  ")?.1.find('{').map(|at| &line[line.find('{').unwrap_or(at)..])
    });
    json.filter_map(|text| serde_json::from_str::<Value>(text).ok()).collect()
}

#[tokio::test]
async fn api_actions_and_links_are_audited() {
    let system = System::get().await;
    let store = system.store();
    let key = store.create_key(&"demo".parse().unwrap(), "e2e audit").await.unwrap();
    let other = store.create_key(&"other".parse().unwrap(), "e2e audit").await.unwrap();
    let key_id = key.split('_').nth(1).unwrap().to_owned();
    let ask = async |method: Method, path: &str, key: &str| {
        let headers = [("content-type", "application/json"), ("cache-control", "no-cache")];
        let body = super::body_for("/exports").to_string();
        call(method, path, Some(key), &headers, Some(&body)).await
    };
    let made = ask(Method::POST, "/exports", &key).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    system.fetch(id.parse().unwrap()).await.unwrap();
    let files = get(&format!("/exports/{id}/files")).await;
    let file = files.body["files"][0]["name"].as_str().unwrap().to_owned();
    for (method, path) in [
        (Method::GET, format!("/exports/{id}/manifest")),
        (Method::GET, format!("/exports/{id}/files/{file}")),
        (Method::GET, format!("/exports/{id}/files?links=true")),
        (Method::POST, format!("/exports/{id}/extend")),
        (Method::POST, format!("/exports/{id}/retry")),
    ] {
        ask(method, &path, &key).await;
    }
    // HEAD returns the same link as GET.
    let reader = store.create_key(&"demo".parse().unwrap(), "e2e audit head").await.unwrap();
    for path in [format!("/exports/{id}/manifest"), format!("/exports/{id}/files/{file}")] {
        let answer = ask(Method::HEAD, &path, &reader).await;
        assert_eq!((answer.status.as_u16(), answer.header("location").is_empty()), (307, false), "{path}");
    }
    // Another tenant tries to delete, then the owner does.
    assert_eq!(ask(Method::DELETE, &format!("/exports/{id}"), &other).await.status, 404);
    assert_eq!(ask(Method::DELETE, &format!("/exports/{id}"), &key).await.status, 204);
    let slow = exports::slow(system).await;
    assert_eq!(ask(Method::DELETE, &format!("/exports/{slow}"), &key).await.status, 202);
    let made_key = system.x(&["admin", "keys", "create", "demo", "audited"]).unwrap();
    let made_key = made_key.lines().find(|line| line.starts_with("slc_")).unwrap().to_owned();
    let made_id = made_key.split('_').nth(1).unwrap();
    system.x(&["admin", "keys", "revoke", &made_key]).unwrap();
    system.x(&["admin", "invalidate", "whole", "--tenant", "nobody"]).unwrap();
    assert_eq!(call(Method::GET, "/exports", Some(&made_key[..40]), &[], None).await.status, 401);

    let log = system.x(&["logs"]).unwrap();
    let events = audit_events(&log);
    let by = format!("key {key_id}");
    let head = format!("key {}", reader.split('_').nth(1).unwrap());
    let by_head: Vec<_> = events.iter().filter(|e| e["by"] == head).collect();
    assert_eq!(by_head.len(), 2, "{by_head:?}");
    assert!(
        by_head.iter().all(|e| e["links"] == 1 && e["export"] == id && e["outcome"] == "done"),
        "{by_head:?}"
    );
    // Each request line names the caller.
    let requests = json_lines(&log).into_iter().filter(|line| line["message"] == "request");
    let requests: Vec<_> = requests.filter(|line| line["by"] == head).collect();
    assert_eq!(requests.len(), 2, "{requests:?}");
    assert!(requests.iter().all(|line| line["tenant"] == "demo" && line["method"] == "HEAD"), "{requests:?}");
    let found = |event: &str, fits: &dyn Fn(&Value) -> bool| {
        assert!(events.iter().any(|e| e["event"] == event && fits(e)), "{event} among {}", events.len());
    };
    let ours = |outcome: &'static str, status: u64| {
        let (id, by) = (id.clone(), by.clone());
        move |e: &Value| {
            e["export"] == id
                && e["by"] == by
                && e["tenant"] == "demo"
                && e["outcome"] == outcome
                && e["status"] == status
        }
    };
    found("export created", &ours("done", 202));
    found("manifest link handed out", &ours("done", 307));
    found("file link handed out", &|e| ours("done", 307)(e) && e["file"] == file && e["links"] == 1);
    found("file links handed out", &|e| ours("done", 200)(e) && e["links"] == 1);
    found("export extended", &ours("done", 200));
    found("export retried", &ours("refused", 409));
    found("export deleted", &ours("done", 204));
    found("export canceled", &|e| e["tenant"] == "other" && e["export"] == id && e["outcome"] == "refused");
    found("export canceled", &|e| e["export"] == slow.to_string() && e["outcome"] == "done");
    found("key created", &|e| e["key"] == made_id && e["tenant"] == "demo" && e["by"] == "operator");
    found("key revoked", &|e| e["key"] == made_id && e["outcome"] == "done" && e["request"].is_string());
    found("invalidated", &|e| e["dataset"] == "whole" && e["tenant"] == "nobody");
    found("catalog applied", &|e| e["revision"].is_string() && e["outcome"] == "done");
    found("access refused", &|e| e["status"] == 401 && e["by"] == "nobody");
    // No secret of any key was logged, in whole or in part.
    for key in [&key, &other, &reader, &made_key, &system.stack.key] {
        let secret = key.rsplit('_').next().unwrap();
        assert!(!log.contains(secret) && !log.contains(&secret[..16]), "a key was logged");
    }
    assert!(!log.contains("X-Amz-Signature"), "a link was logged");
}
