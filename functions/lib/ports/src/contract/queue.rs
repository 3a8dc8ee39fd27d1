//! Contract of a queue: accept messages in any number, and deliver each at least once.

use std::collections::BTreeSet;

use export::id::ChunkId;

use crate::queue::{Message, Queue};
use crate::random;

/// Number of messages, more than two batches of SQS.
const MESSAGES: usize = 25;

/// Number of deliveries without a new message after which the suite gives up.
const MAX_EMPTY_DELIVERIES: usize = 50;

/// Runs the whole suite; `receive` returns the next delivery of the queue, possibly empty.
///
/// # Panics
/// If the queue breaks the contract.
pub async fn queue(queue: &dyn Queue, mut receive: impl AsyncFnMut() -> Vec<Message>) {
    assert_eq!(queue.send(&[]).await.expect("nothing is sent"), [], "of nothing nothing is refused");

    let messages: Vec<_> =
        (0..MESSAGES).map(|_| Message { chunk: ChunkId::from_random(random::bytes()) }).collect();
    assert_eq!(queue.send(&messages).await.expect("the queue is there"), [], "all are accepted");

    let mut missing: BTreeSet<_> = messages.iter().map(|m| m.chunk).collect();
    let mut idle = 0;
    while !missing.is_empty() {
        let before = missing.len();
        for message in receive().await {
            assert!(messages.contains(&message), "what was never sent was delivered");
            missing.remove(&message.chunk);
        }
        idle = if missing.len() == before { idle + 1 } else { 0 };
        assert!(idle < MAX_EMPTY_DELIVERIES, "{} of {MESSAGES} messages never came", missing.len());
    }
}
