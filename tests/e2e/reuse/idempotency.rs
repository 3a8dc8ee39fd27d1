//! One key creates one export, however often and however fast it is sent.

use std::collections::BTreeSet;

use export::id::hex;
use ports::random;

use super::{post, request};

#[tokio::test(flavor = "multi_thread")]
async fn twenty_equal_requests_at_once_are_one_export() {
    let key = hex(&random::bytes::<8>());
    let headers = [("idempotency-key", key.as_str())];
    let body = request("visits", "2024-02-01", "2024-02-20");
    let answers = futures::future::join_all((0..20).map(|_| post(&body, &headers))).await;
    for answer in &answers {
        assert_eq!(answer.status, 202, "{}", answer.body);
    }
    let ids: BTreeSet<_> = answers.iter().map(|a| a.body["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1);
    let replayed = answers.iter().filter(|a| a.header("idempotent-replayed") == "true").count();
    assert_eq!(replayed, 19);

    // Another spelling is the same request. A different request is rejected, however often it is sent.
    let mut same = body.clone();
    (same["format"], same["timeZone"]) = ("csv".into(), "UTC".into());
    assert_eq!(post(&same, &headers).await.header("idempotent-replayed"), "true");
    let other = request("visits", "2024-02-01", "2024-02-21");
    let answers = futures::future::join_all((0..20).map(|_| post(&other, &headers))).await;
    for answer in answers {
        assert_eq!(answer.status, 422, "{}", answer.body);
        assert!(answer.body["type"].as_str().unwrap().ends_with("idempotency-key-reused"));
    }
    let invalid = request("no_such_dataset", "2024-02-01", "2024-02-21");
    assert_eq!(post(&invalid, &headers).await.status, 422);
}
