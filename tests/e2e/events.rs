//! Events at the ends of exports, sent to webhooks.

mod receiver;

use reqwest::Method;
use serde_json::{Value, json};
use tests::{System, eventually};

use crate::api::{call, exports};
use receiver::Receiver;

/// Tenant with a webhook.
struct Listening {
    system: &'static System,
    tenant: String,
    key: String,
    receiver: Receiver,
    secret: String,
}

impl Listening {
    /// Makes a tenant whose events arrive at a receiver.
    async fn start(tenant: &str, words: &[&str]) -> Self {
        let system = System::get().await;
        let key = system.store().create_key(&tenant.parse().unwrap(), "e2e events").await.unwrap();
        let receiver = Receiver::start().await;
        let add = [&["admin", "webhooks", "add", tenant, "hook", &receiver.url][..], words].concat();
        let secret =
            system.x(&add).unwrap().lines().find(|line| line.starts_with("whsec_")).unwrap().to_owned();
        receiver.trust(&[&secret]);
        Self { system, tenant: tenant.to_owned(), key, receiver, secret }
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        let headers = [("content-type", "application/json"), ("cache-control", "no-cache")];
        let response = call(method, path, Some(&self.key), &headers, Some(&body.to_string())).await;
        assert!(response.status.is_success(), "{path}: {} {}", response.status, response.body);
        response.body
    }

    /// Submits a small export and returns its id.
    async fn submit(&self) -> String {
        let request = json!({"datasets": ["whole"], "startDate": "2024-01-01", "endDate": "2024-01-02", "label": "nightly"});
        let export = self.send(Method::POST, "/exports", &request).await;
        export["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the receiver has accepted these events of an export.
    async fn accepts(&self, export: &str, types: &[&str]) {
        eventually(&format!("{types:?} of {export}"), async || self.receiver.accepted(export) == types).await;
    }

    /// Ends the retention of an export.
    async fn expire(&self, export: &str) {
        let expire = format!("update sluice.export set expires_at = now() where id = '{export}'");
        self.system.run(&expire).await.unwrap();
        sweeper::sweep(&self.system.sweeper()).await;
    }

    fn admin(&self, word: &str, more: &[&str]) -> Result<String, anyhow::Error> {
        self.system.x(&[&["admin", "webhooks", word, &self.tenant, "hook"][..], more].concat())
    }
}

/// Returns true if the AsyncAPI document describes a field of the data of an end.
fn documented(name: &str) -> bool {
    let document: Value = serde_json::from_str(include_str!("../../docs/asyncapi.json")).unwrap();
    document["components"]["schemas"]["Ended"]["properties"].get(name).is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_end_of_an_export_is_an_event_in_order() {
    let at = Listening::start("events-ends", &[]).await;
    let export = at.submit().await;
    at.accepts(&export, &["succeeded"]).await;
    let first = at.receiver.arrived().into_iter().find(|one| one.event["data"]["id"] == export).unwrap();
    let event = &first.event;
    assert_eq!((event["specversion"].as_str(), event["source"].as_str()), (Some("1.0"), Some("/sluice")));
    assert_eq!(event["id"], first.id);
    assert_eq!(event["subject"], format!("exports/{export}"));
    let data = &event["data"];
    assert_eq!((data["tenant"].as_str(), data["status"].as_str()), (Some("events-ends"), Some("succeeded")));
    assert_eq!((data["label"].as_str(), &data["datasets"]), (Some("nightly"), &json!(["whole"])));
    let rows = at.system.number("select count(*) from e2e.whole").await.unwrap();
    assert_eq!(data["rows"], rows);
    assert!(data["bytes"].as_u64().unwrap() > 0 && data["expiresAtMicros"].is_i64(), "{data}");

    for (name, value) in data.as_object().unwrap() {
        assert!(documented(name), "docs/asyncapi.json does not describe {name}: {value}");
    }
    // Its retention ends, and another export is canceled.
    at.expire(&export).await;
    at.accepts(&export, &["succeeded", "expired"]).await;
    let row = exports::SlowRow::add(at.system).await;
    let slow = at.send(Method::POST, "/exports", &row.request()).await["id"].as_str().unwrap().to_owned();
    row.remove_when_read(at.system).await;
    at.send(Method::DELETE, &format!("/exports/{slow}"), &json!({})).await;
    at.accepts(&slow, &["canceled"]).await;

    let listed = at.admin("events", &[]).unwrap();
    assert!(
        listed.contains("sluice.export.canceled") && listed.contains("accepted after 1 attempt, status 200"),
        "{listed}"
    );
    at.admin("remove", &[]).unwrap();
    assert!(at.admin("test", &[]).unwrap_err().to_string().contains("has no webhook hook"));
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_was_down_gets_every_event_in_order() {
    let at = Listening::start("events-down", &["--events", "succeeded,expired"]).await;
    // The first attempt fails; meanwhile the retention ends, which is the next event of the export.
    at.receiver.answer(&[503, 302, 200]);
    let export = at.submit().await;
    eventually("the first attempt fails", async || !at.receiver.arrived().is_empty()).await;
    at.expire(&export).await;
    let listed = at.admin("events", &[]).unwrap();
    assert!(listed.contains("status 503") && listed.contains("next attempt"), "{listed}");
    // The wait before the third attempt is a minute; the operator does not wait for it, nor does the event after it.
    eventually("the second attempt fails", async || at.receiver.arrived().len() >= 2).await;
    eventually("its failure is recorded", async || at.admin("events", &[]).unwrap().contains("status 302"))
        .await;
    at.admin("resend", &[]).unwrap();
    at.accepts(&export, &["succeeded", "expired"]).await;
    let ids: Vec<_> = at.receiver.arrived().into_iter().map(|one| one.id).collect();
    assert_eq!(ids[0], ids[1], "an event keeps its id");
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_is_rotated_with_an_overlap() {
    let at = Listening::start("events-secret", &[]).await;
    at.admin("test", &[]).unwrap();
    let rotated = at.admin("rotate", &[]).unwrap();
    let new = rotated.lines().find(|line| line.starts_with("whsec_")).unwrap().to_owned();
    // A receiver with either of the two accepts.
    at.admin("test", &[]).unwrap();
    at.receiver.trust(&[&new]);
    at.admin("test", &[]).unwrap();
    let last = at.admin("rotate", &["--overlap", "0h"]).unwrap();
    let last = last.lines().find(|line| line.starts_with("whsec_")).unwrap();
    let refused = at.admin("test", &[]).unwrap_err().to_string();
    assert!(refused.contains("status 401"), "{refused}");
    at.receiver.trust(&[last]);
    at.admin("test", &[]).unwrap();
    let list = at.system.x(&["admin", "webhooks", "list"]).unwrap();
    assert!(
        !list.contains(last) && !list.contains(&at.secret) && list.contains("events-secret  hook"),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_is_gone_is_disabled() {
    let at = Listening::start("events-gone", &[]).await;
    at.receiver.answer(&[410]);
    let first = at.submit().await;
    eventually("it is disabled", async || {
        let list = at.system.x(&["admin", "webhooks", "list"]).unwrap();
        list.lines()
            .any(|line| line.starts_with("events-gone") && line.contains("DISABLED") && line.contains("410"))
    })
    .await;
    // Events are kept meanwhile.
    let second = at.submit().await;
    at.system.wait(second.parse().unwrap()).await.ok();
    assert!(at.admin("test", &[]).unwrap_err().to_string().contains("enable it first"));
    at.admin("enable", &[]).unwrap();
    at.accepts(&first, &["succeeded"]).await;
    at.accepts(&second, &["succeeded"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_webhooks_are_refused_with_the_reason() {
    let system = System::get().await;
    for (words, reason) in [
        (&["acme", "hook", "http://hooks.example.com/"][..], "does not begin with https://"),
        (&["acme", "hook", "https://10.0.0.1/"], "not public"),
        (&["acme", "hook", "https://169.254.169.254/latest"], "not public"),
        (&["*", "event-bus", "https://hooks.example.com/"], "reserved"),
        (&["acme", "Hook!", "https://hooks.example.com/"], "lower-case"),
        (&["acme", "hook", "https://hooks.example.com/", "--events", "suceeded"], "sluice.export.succeeded"),
    ] {
        let error = system.x(&[&["admin", "webhooks", "add"][..], words].concat()).unwrap_err().to_string();
        assert!(error.contains(reason), "{words:?}: {error}");
    }
}
