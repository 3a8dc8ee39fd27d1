//! One round of dispatch: mark in the store, commit, send, and take back the messages that were not sent.

use crate::fault::Point;
use crate::queue::{Message, Queue};
use crate::store::{Store, StoreError};

/// Lets `dispatch()` decide and sends a wake-up message for each chosen chunk. Returns the number of messages sent.
///
/// Safe to call at any time and from any number of processes. If this process dies after the commit,
/// `dispatch()` sends the same chunks again later.
///
/// # Errors
/// If the store cannot be reached. A queue that cannot be reached only causes a delay: its chunks are due again.
pub async fn run(store: &Store, queue: &dyn Queue) -> Result<usize, StoreError> {
    let chunks = store.dispatch().await?;
    if chunks.is_empty() {
        return Ok(0);
    }
    store.crash(Point::Marked);
    let messages: Vec<_> = chunks.into_iter().map(|chunk| Message { chunk }).collect();
    let refused = queue.send(&messages).await.unwrap_or_else(|error| {
        tracing::warn!(
            error = crate::telemetry::chain(&error),
            messages = messages.len(),
            "the queue did not take messages"
        );
        messages.clone()
    });
    if !refused.is_empty() {
        let chunks: Vec<_> = refused.iter().map(|m| m.chunk).collect();
        store.take_back(&chunks).await?;
    }
    Ok(messages.len() - refused.len())
}
