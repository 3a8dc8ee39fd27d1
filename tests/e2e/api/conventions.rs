//! Links, preferences, digests and list filters.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tests::System;

use super::{ApiResponse, call, get, post};

const SMALL: [&str; 2] = ["2024-01-01", "2024-01-02"];

fn small(more: Value) -> Value {
    let mut body = json!({"datasets": ["whole"], "startDate": SMALL[0], "endDate": SMALL[1]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

async fn get_with(path: &str, headers: &[(&str, &str)]) -> ApiResponse {
    call(Method::GET, path, Some(&System::get().await.stack.key), headers, None).await
}

/// Returns the targets of the links with this relation, of one header: API Gateway passes on no second one.
pub(super) fn links(response: &ApiResponse, relation: &str) -> Vec<String> {
    let is = format!("; rel=\"{relation}\"");
    let link = |part: &str| {
        let (target, parameters) = part.split_once('>')?;
        parameters.starts_with(&is).then(|| target.to_owned())
    };
    response.header("link").split('<').filter_map(link).collect()
}

#[tokio::test]
async fn long_poll_returns_at_the_end_of_the_export() {
    let key = &System::get().await.stack.key;
    let headers =
        [("content-type", "application/json"), ("prefer", "respond-async"), ("cache-control", "no-cache")];
    let body = small(json!({})).to_string();
    let made = call(Method::POST, "/exports", Some(key), &headers, Some(&body)).await;
    assert_eq!((made.status.as_u16(), made.header("preference-applied")), (202, "respond-async"));
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(links(&made, "monitor"), [format!("exports/{id}")]);
    assert_eq!(links(&made, "describedby"), ["openapi.json"]);
    let path = format!("/exports/{id}");
    let mut polls = 0;
    let ended = loop {
        polls += 1;
        let found = get_with(&path, &[("prefer", "wait=20")]).await;
        if !["queued", "running"].contains(&found.body["status"].as_str().unwrap()) {
            break found;
        }
        assert_eq!(found.header("preference-applied"), "wait=20");
    };
    assert_eq!(ended.body["status"], "succeeded", "{}", ended.body);
    assert!(polls < 10, "{polls}");
    // Nothing is awaited any more.
    let start = Instant::now();
    let again = get_with(&path, &[("prefer", "wait=20")]).await;
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!((again.status.as_u16(), again.header("preference-applied")), (200, ""));
}

#[tokio::test]
async fn pages_link_the_next_one_with_their_filters() {
    let label = format!("conventions {}", std::process::id());
    for run in ["a", "b", "c"] {
        let body = small(json!({"label": label, "labels": {"run": run, "team": "e2e"}}));
        assert_eq!(post("/exports", &body).await.status, 202);
    }
    let encoded = label.replace(' ', "%20");
    let first = get(&format!("/exports?label={encoded}&limit=2&dataset=Whole&labels=team:e2e")).await;
    assert_eq!(first.body["exports"].as_array().unwrap().len(), 2, "{}", first.body);
    let next = first.body["next"].as_str().unwrap().to_owned();
    assert_eq!(
        (links(&first, "next"), links(&first, "describedby")),
        (vec![next.clone()], vec!["openapi.json".into()])
    );
    let second = get(&format!("/{next}")).await;
    assert_eq!(second.body["exports"].as_array().unwrap().len(), 1, "{next}");
    assert_eq!((&second.body["next"], links(&second, "next").len()), (&Value::Null, 0));
    assert_eq!(second.body["exports"][0]["request"]["labels"]["run"], "a");
    let count = async |query: &str| {
        let found = get(&format!("/exports?label={encoded}&{query}")).await;
        found.body["exports"].as_array().unwrap_or_else(|| panic!("{}", found.body)).len()
    };
    assert_eq!(count("labels=run:b,team:e2e").await, 1);
    assert_eq!(count("labels=run:b,team:other").await, 0);
    assert_eq!(count("dataset=visits").await, 0);
    assert_eq!(count("acceptedFrom=2024-01-01").await, 3);
    assert_eq!(count("acceptedBefore=2024-01-01T00:00:00Z").await, 0);
    let part = label.to_uppercase().replace(' ', "%20");
    let parts = get(&format!("/exports?labelContains={}&labels=run:b", &part[4..])).await;
    assert_eq!(parts.body["exports"].as_array().unwrap().len(), 1, "{}", parts.body);
    assert_eq!(count("labelContains=%25").await, 0, "no pattern");
    let wrong = get("/exports?labels=team&acceptedFrom=yesterday&dataset=").await;
    assert_eq!(wrong.pointers(), ["?acceptedFrom", "?dataset", "?labels"]);
}

#[tokio::test]
async fn redirect_to_a_file_has_its_digest() {
    let exported = System::get().await.export(&small(json!({}))).await.unwrap();
    let id = exported.manifest.export;
    let listed = get(&format!("/exports/{id}/files")).await;
    let file = &listed.body["files"][0];
    let response = get(&format!("/exports/{id}/files/{}", file["name"].as_str().unwrap())).await;
    assert_eq!(response.status, 307);
    let digest = response.header("repr-digest").to_owned();
    assert!(digest.starts_with("sha-256=:") && digest.len() == 54, "{digest}");
    // An object that was written at once has it as metadata; so has the manifest.
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let object = http.get(response.header("location")).send().await.unwrap();
    assert_eq!(object.headers()["x-amz-meta-repr-digest"], digest.as_str());
    let manifest = get(&format!("/exports/{id}/manifest")).await;
    let object = http.get(manifest.header("location")).send().await.unwrap();
    assert!(object.headers()["x-amz-meta-repr-digest"].to_str().unwrap().starts_with("sha-256=:"));
}

#[tokio::test]
async fn filters_of_enums_have_their_values() {
    let orders = get("/datasets/orders").await.body;
    let filter = |name: &str| {
        let filters = orders["filters"].as_array().unwrap();
        filters.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{orders}")).clone()
    };
    let values = ["new", "paid", "packed", "shipped", "delivered", "returned", "cancelled"];
    assert_eq!(filter("status")["values"], json!(values));
    assert_eq!(filter("amount").get("values"), None);
}
