//! The queue of wake-up messages. A message carries a chunk's id and may be lost, repeated or late; the store is the
//! queue of record.

mod letters;
mod memory;
mod sqs;
mod trigger;

pub use letters::{Letters, MemoryLetters};
pub use memory::MemoryQueue;
pub use sqs::SqsQueue;
pub use trigger::{BatchResponse, Event, Record};

use async_trait::async_trait;
use export::id::ChunkId;
use serde::{Deserialize, Serialize};

/// Maximum delay of a message, in seconds.
pub const MAX_DELAY_SECS: u32 = 900;

/// Content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The chunk to lease, or the keeper of a cut, which is one of the ids that `dispatch()` returns. In the queue of
    /// deliveries it is the id of the export.
    pub chunk: ChunkId,
}

/// The queue could not be reached or refused.
#[derive(Debug, thiserror::Error)]
#[error("the queue could not be used")]
pub struct QueueError {
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
    /// True if the service responded, and so can be reached.
    pub answered: bool,
}

impl QueueError {
    pub(crate) fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { source: source.into(), answered: true }
    }
}

/// Sends messages, and counts waiting ones.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages and returns those that were not accepted, so that their chunks can become due again.
    ///
    /// # Errors
    /// If nothing is known about any of them.
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError>;

    /// Sends a message that is delivered after `secs` seconds, at most fifteen minutes. The work is recorded in the
    /// store, so a lost message only causes a delay.
    ///
    /// # Errors
    /// If it was not accepted.
    async fn send_later(&self, message: Message, secs: u32) -> Result<(), QueueError>;

    /// Returns the approximate number of waiting messages. It changes nothing, so it also serves to check that the
    /// queue can be reached.
    ///
    /// # Errors
    /// If the queue does not report it.
    async fn waiting(&self) -> Result<u64, QueueError>;
}
