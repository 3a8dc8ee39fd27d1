//! A queue in memory, for tests.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Message, Queue, QueueError};

/// Keeps what was sent.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    sent: Mutex<Vec<Message>>,
}

impl MemoryQueue {
    /// Takes all that was sent so far.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(messages);
        Ok(Vec::new())
    }

    async fn waiting(&self) -> Result<u64, QueueError> {
        Ok(self.sent.lock().unwrap_or_else(PoisonError::into_inner).len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn memory_keeps_the_contract_of_a_queue() {
        let queue = MemoryQueue::default();
        crate::contract::queue(&queue, async || queue.take()).await;
    }
}
