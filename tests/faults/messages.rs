//! SQS may lose, repeat and delay messages.

use serde_json::json;

use crate::{SLOW, assert_exact, slow, sweep_until_ended, turn, until_running};

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_delivered_twice_is_one_attempt() {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    let chunks = system.client.chunks(id, None).await.unwrap().chunks;
    for chunk in &chunks {
        let event =
            json!({"Records": [{"messageId": "again", "body": json!({"chunk": chunk.id}).to_string()}]});
        let answer = system.x(&["invoke", "worker", &event.to_string()]).unwrap();
        assert!(answer.contains("batchItemFailures"), "{answer}");
    }
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    let attempts = system.number(&format!("select max(c.attempt)::bigint from sluice.chunk c join sluice.link l on l.chunk_id = c.id where l.export_id = '{id}'")).await.unwrap();
    assert_eq!(attempts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_lost_is_sent_again() {
    let (system, _turn) = turn().await;
    system.store().pause().await.unwrap();
    let id = system.submit(&slow(1)).await.unwrap();
    system.store().resume().await.unwrap();
    // Marked as sent, but never sent.
    let marked = system.store().dispatch().await.unwrap();
    assert!(!marked.is_empty());
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", "select id, day, body from e2e.slow where day = '2024-01-01'")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_message_is_dropped() {
    let (system, _turn) = turn().await;
    for body in ["nonsense", "{}", "{\"chunk\": 7}", "{\"chunk\": \"00000000-0000-4000-8000-000000000000\"}"]
    {
        let event = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = system.x(&["invoke", "worker", &event.to_string()]).unwrap();
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}), "{body}");
    }
}
