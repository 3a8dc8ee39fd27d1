//! Queue of texts that carry everything their reader needs: events that a function outside the VPC sends, and its receipts.
//! As in the other queues a message may be lost, repeated or late; the store is the queue of record.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::QueueError;

/// Sends texts.
#[async_trait]
pub trait Letters: Send + Sync {
    /// Sends texts, and returns the positions of those that were not accepted.
    ///
    /// # Errors
    /// If nothing is known about any of them.
    async fn post(&self, bodies: &[String]) -> Result<Vec<usize>, QueueError>;
}

/// Queue in memory that keeps the texts sent, for tests.
#[derive(Debug, Default)]
pub struct MemoryLetters {
    sent: Mutex<Vec<String>>,
}

impl MemoryLetters {
    /// Removes and returns all texts sent so far.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Letters for MemoryLetters {
    async fn post(&self, bodies: &[String]) -> Result<Vec<usize>, QueueError> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bodies);
        Ok(Vec::new())
    }
}
