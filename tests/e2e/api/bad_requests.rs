//! Bad requests: the right status and every violation at once, with its location and a remedy.

use reqwest::Method;
use serde_json::{Value, json};
use tests::System;

use super::{ApiResponse, call, post};

fn request(change: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({"datasets": ["visits"], "startDate": "2024-01-01", "endDate": "2024-01-31"});
    change(&mut body);
    body
}

async fn refused(body: Value, pointers: &[&str]) -> ApiResponse {
    let answer = post("/exports", &body).await;
    assert_eq!(answer.status, 422, "{body}: {}", answer.body);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.pointers(), pointers, "{}", answer.body);
    for violation in answer.body["violations"].as_array().unwrap() {
        assert!(
            !violation["message"].as_str().unwrap().is_empty()
                && !violation["remedy"].as_str().unwrap().is_empty()
        );
    }
    answer
}

macro_rules! bad_requests {
    ($($name:ident: $change:expr => [$($pointer:literal),+];)+) => {
        $(
            #[tokio::test]
            async fn $name() {
                refused(request($change), &[$($pointer),+]).await;
            }
        )+
    };
}

bad_requests! {
    an_unknown_dataset_is_refused: |b| b["datasets"] = json!(["visitz"]) => ["/datasets/0"];
    an_end_before_the_start_is_refused: |b| b["endDate"] = json!("2023-12-31") => ["/endDate"];
    the_thirtieth_of_february_is_refused: |b| b["startDate"] = json!("2024-02-30") => ["/startDate"];
    an_unknown_column_is_refused: |b| b["datasets"] = json!([{"name": "visits", "columns": ["id", "nmae"]}]) => ["/datasets/0/columns/1"];
    an_unknown_filter_is_refused: |b| b["datasets"] = json!([{"name": "visits", "filters": {"day": "2024-01-01"}}]) => ["/datasets/0/filters/day"];
    a_filter_of_the_wrong_type_is_refused: |b| b["datasets"] = json!([{"name": "visits", "filters": {"score": "many"}}]) => ["/datasets/0/filters/score"];
    an_instant_on_a_date_column_is_refused: |b| b["startDate"] = json!("2024-01-01T00:00:00Z") => ["/datasets/0"];
    an_empty_list_is_refused: |b| b["datasets"] = json!([]) => ["/datasets"];
    the_same_dataset_twice_is_refused: |b| b["datasets"] = json!(["visits", "Visits"]) => ["/datasets/1"];
    an_unknown_zone_is_refused: |b| b["timeZone"] = json!("Mars/Phobos") => ["/timeZone"];
    an_unknown_field_is_refused: |b| b["compresion"] = json!("gzip") => ["/compresion"];
    several_violations_are_reported_together: |b| { b["datasets"] = json!(["nobody", {"name": "visits", "columns": []}]); b["startDate"] = json!("soon"); b["format"] = json!("xml") }
        => ["/datasets/0", "/datasets/1/columns", "/format", "/startDate"];
}

#[tokio::test]
async fn ten_thousand_datasets_are_refused() {
    let names: Vec<_> = (0..10_000).map(|i| format!("d{i}")).collect();
    let answer =
        post("/exports", &json!({"datasets": names, "startDate": "2024-01-01", "endDate": "2024-01-31"}))
            .await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.pointers(), ["/datasets"]);
}

#[tokio::test]
async fn invalid_or_oversized_json_is_refused() {
    let key = Some(System::get().await.stack.key.as_str());
    let json = [("content-type", "application/json")];
    let status = async |headers: &[(&str, &str)], body: &str| {
        call(Method::POST, "/exports", key, headers, Some(body)).await.status.as_u16()
    };
    assert_eq!(status(&json, "{\"datasets\": [").await, 400);
    assert_eq!(status(&json, &"[".repeat(100_000)).await, 400);
    assert_eq!(status(&[("content-type", "text/plain")], "{}").await, 415);
    assert_eq!(status(&json, &format!("{{\"a\": \"{}\"}}", "x".repeat(1 << 20))).await, 413);
}

#[tokio::test]
async fn a_missing_or_malformed_key_is_refused() {
    for key in [
        None,
        Some("slc_nobody_secret"),
        Some("slc_00"),
        Some(""),
        Some("slc_0000000000000000_0000000000000000000000000000000000000000000000000000000000000000"),
    ] {
        let answer = call(Method::GET, "/exports", key, &[], None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (401, "application/problem+json"),
            "{key:?}"
        );
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
}

#[tokio::test]
async fn not_found_is_a_problem_document() {
    for path in ["/exports/nonsense", "/nowhere/at/all", "/exports/00000000-0000-4000-8000-000000000000"] {
        let answer = super::get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, "application/problem+json"),
            "{path}"
        );
    }
    assert_eq!(
        call(Method::PUT, "/exports", Some(&System::get().await.stack.key), &[], None).await.status,
        405
    );
}
