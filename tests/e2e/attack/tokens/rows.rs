//! Values that are never logged, even at debug level: those of rows, filters, tokens, keys, passwords, links.

use reqwest::Method;
use serde_json::{Value, json};

use super::provider::{Order, Provider};
use super::stack::{MARK, TokenStack};

/// A filter value that must not be logged either.
const ASKED: &str = "zq8askedfor";

pub(super) async fn nothing_of_a_row_or_a_secret_is_logged(
    stack: &TokenStack,
    provider: &Provider,
    good: &Value,
) {
    let token = provider.token(&Order::of(good)).await;
    let filter = json!({"name": "notes", "filters": {"body": {"gte": "a", "ne": ASKED}}});
    let request = json!({"datasets": [filter], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let path = export(stack, &token, &request).await;
    let ended = stack.ended(&path, &token).await;
    assert_eq!(ended["status"], "succeeded", "{ended}");
    let (_, files) = stack.get(&format!("{path}/files?links=true"), Some(&token)).await;
    let link = files["files"][0]["link"].as_str().unwrap();
    let text = reqwest::get(link).await.unwrap().bytes().await.unwrap();
    assert!(!text.is_empty());

    // The server's own message for these rows quotes the value: 22P02.
    let request = json!({"datasets": ["broken"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    let path = export(stack, &token, &request).await;
    let failed = stack.ended(&path, &token).await;
    assert_eq!(failed["status"], "failed");
    let body = failed.to_string();
    assert!(body.contains("22P02") && !body.contains(MARK), "{body}");
    let (_, timeline) = stack.get(&format!("{path}/chunks"), Some(&token)).await;
    assert!(!timeline.to_string().contains(MARK), "{timeline}");
    for words in [&["admin", "check"][..], &["admin", "pause"], &["admin", "resume"]] {
        stack.x(words);
    }
    stack.x(&["invoke", "sweeper"]);

    let log = stack.x(&["logs"]);
    for function in ["api", "worker", "sweeper", "admin"] {
        assert!(log.lines().any(|line| line.starts_with(function)), "{function} has logged nothing");
    }
    assert!(log.contains("\"level\":\"DEBUG\""), "it was logged at debug");
    assert!(log.contains("22P02"), "the failure was logged");
    let mut secrets = vec![MARK.to_owned(), ASKED.to_owned(), token.clone(), "Bearer ".to_owned()];
    secrets.push(token.rsplit('.').next().unwrap().to_owned());
    secrets.push(stack.stack().key.rsplit('_').next().unwrap().to_owned());
    secrets.push(signature(link));
    for url in [&stack.stack().owner_url, &stack.stack().source_url, &stack.stack().store_url] {
        secrets.extend(password(url));
    }
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(line.is_none(), "{secret} was logged: {}", line.unwrap_or_default());
    }
    audited(&log, &path);
}

async fn export(stack: &TokenStack, token: &str, request: &Value) -> String {
    let (status, export) = stack.call(Method::POST, "/exports", Some(token), Some(request)).await;
    assert_eq!(status, 202, "{export}");
    format!("/exports/{}", export["id"].as_str().unwrap())
}

fn signature(link: &str) -> String {
    link.split("X-Amz-Signature=").nth(1).unwrap().split('&').next().unwrap().to_owned()
}

fn password(url: &str) -> Option<String> {
    let (_, password) = url.split_once("://")?.1.split_once('@')?.0.split_once(':')?;
    (password.len() >= 6).then(|| password.to_owned())
}

/// Checks that the audit log names the callers, including those who were rejected.
fn audited(log: &str, path: &str) {
    let id = path.rsplit('/').next().unwrap();
    let events: Vec<Value> = crate::attack::logs::audit_events(log);
    let by = |event: &Value| event["by"].as_str().unwrap_or_default().to_owned();
    let created = events.iter().find(|e| e["event"] == "export created" && e["export"] == id);
    assert_eq!(created.map(by).as_deref(), Some("token night-job"));
    assert!(events.iter().any(|e| e["event"] == "access refused" && e["status"] == 403));
    assert!(events.iter().any(|e| e["event"] == "catalog applied" && e["outcome"] == "done"));
    for event in ["paused", "resumed"] {
        assert!(events.iter().any(|e| e["event"] == event && e["outcome"] == "done"), "{event}");
    }
    assert!(events.iter().any(|e| e["event"] == "store migrated" && by(e) == "deployment"));
}
