//! A queue that fails as planned.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::{Fault, Faults};
use crate::queue::{Message, Queue, QueueError};

pub(super) struct FaultyQueue {
    inner: Arc<dyn Queue>,
    faults: Faults,
    /// Messages that were accepted and are sent with the next ones.
    late: Mutex<Vec<Message>>,
}

impl FaultyQueue {
    pub(super) fn new(inner: Arc<dyn Queue>, faults: Faults) -> Self {
        Self { inner, faults, late: Mutex::default() }
    }
}

#[async_trait]
impl Queue for FaultyQueue {
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError> {
        if self.faults.strikes(Fault::QueueFail) {
            return Err(QueueError::new("injected: nothing was sent"));
        }
        let mut out = std::mem::take(&mut *self.late.lock().unwrap_or_else(PoisonError::into_inner));
        let mut refused = Vec::new();
        for message in messages {
            if self.faults.strikes(Fault::QueueRefuse) {
                refused.push(*message);
            } else if self.faults.strikes(Fault::QueueLose) {
                tracing::info!(chunk = %message.chunk, "the message is lost");
            } else if self.faults.strikes(Fault::QueueDelay) {
                self.late.lock().unwrap_or_else(PoisonError::into_inner).push(*message);
            } else {
                out.push(*message);
                if self.faults.strikes(Fault::QueueDouble) {
                    out.push(*message);
                }
            }
        }
        let not_taken = self.inner.send(&out).await?;
        refused.extend(messages.iter().filter(|message| not_taken.contains(message)));
        Ok(refused)
    }

    async fn send_later(&self, message: Message, secs: u32) -> Result<(), QueueError> {
        if self.faults.strikes(Fault::QueueFail) {
            return Err(QueueError::new("injected: nothing was sent"));
        }
        if self.faults.strikes(Fault::QueueLose) {
            return Ok(());
        }
        self.inner.send_later(message, secs).await
    }

    async fn waiting(&self) -> Result<u64, QueueError> {
        self.inner.waiting().await
    }
}
