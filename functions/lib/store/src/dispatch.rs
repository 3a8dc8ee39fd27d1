//! Dispatch: chunks are chosen and marked in the store, then a wake-up message is sent for each.

use export::id::ChunkId;
use ports::fault::Point;
use ports::queue::{Message, Queue};

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{chunk_id, uuids};

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
            error = ports::telemetry::chain(&error),
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

impl Store {
    /// Lets `dispatch()` choose chunks and marks them sent. The caller must send them or take them back.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn dispatch(&self) -> Result<Vec<ChunkId>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let rows = tx.all(sql("select d as id from sluice.dispatch() d")).await?;
            tx.commit().await?;
            rows.iter().map(|row| chunk_id(row, "id")).collect()
        })
        .await
    }

    /// Makes chunks due again whose messages were not sent.
    ///
    /// # Errors
    /// If the store cannot be reached; `dispatch()` then finds them after a while.
    pub async fn take_back(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let update = sql(include_str!("../sql/dispatch/take_back.sql"));
            tx.run(update.bind(uuids(chunks))).await?;
            tx.commit().await
        })
        .await
    }
}
