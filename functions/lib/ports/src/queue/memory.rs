//! A queue in memory, for tests.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Message, Queue, QueueError};

/// Queue that keeps the messages sent.
#[derive(Debug, Default)]
pub struct MemoryQueue {
    sent: Mutex<Vec<Message>>,
    later: Mutex<Vec<(Message, u32)>>,
}

impl MemoryQueue {
    /// Removes and returns all messages sent so far.
    pub fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl MemoryQueue {
    /// Removes and returns the delayed messages, with the seconds of each.
    pub fn take_later(&self) -> Vec<(Message, u32)> {
        std::mem::take(&mut *self.later.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Queue for MemoryQueue {
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(messages);
        Ok(Vec::new())
    }

    async fn send_later(&self, message: Message, secs: u32) -> Result<(), QueueError> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner).push((message, secs));
        Ok(())
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
