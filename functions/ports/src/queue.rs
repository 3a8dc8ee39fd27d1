//! The queue: a doorbell. A message carries a chunk's id and may be lost, repeated or late; the store
//! is the queue of record.

mod memory;
mod sqs;

pub use memory::MemoryQueue;
pub use sqs::SqsQueue;

use async_trait::async_trait;
use export::id::ChunkId;
use serde::{Deserialize, Serialize};

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The chunk to lease.
    pub chunk: ChunkId,
}

/// The queue could not be reached or refused.
#[derive(Debug, thiserror::Error)]
#[error("the queue could not be used")]
pub struct QueueError {
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
    /// Whether the service answered, and so can be reached.
    pub answered: bool,
}

impl QueueError {
    pub(crate) fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: source.into(), answered: true }
    }
}

/// Sends messages, and counts those that wait.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages and answers which were not accepted, so that their chunks can become due again.
    ///
    /// # Errors
    /// If nothing is known about any of them.
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError>;

    /// Sends a message that is delivered after so many seconds, at most fifteen minutes. The store has noted what it is
    /// about, so one that is lost only delays.
    ///
    /// # Errors
    /// If it was not taken.
    async fn send_later(&self, message: Message, secs: u32) -> Result<(), QueueError>;

    /// How many messages wait to be taken, about. It changes nothing, so it also tells whether the queue can be reached.
    ///
    /// # Errors
    /// If the queue does not say.
    async fn waiting(&self) -> Result<u64, QueueError>;
}
