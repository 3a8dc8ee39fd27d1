//! Amazon SQS.

use async_trait::async_trait;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;

use super::{Message, Queue, QueueError};

/// SQS takes at most this many messages in one call.
const BATCH: usize = 10;

/// Tries for entries that SQS refused inside an answer that was otherwise good.
const TRIES: usize = 3;

/// A standard queue of Amazon SQS.
#[derive(Debug)]
pub struct SqsQueue {
    url: String,
    client: tokio::sync::OnceCell<aws_sdk_sqs::Client>,
}

impl SqsQueue {
    /// Names the queue; nothing is connected before the first send.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), client: tokio::sync::OnceCell::new() }
    }

    async fn client(&self) -> &aws_sdk_sqs::Client {
        let connect = || async { aws_sdk_sqs::Client::new(crate::config::aws().await) };
        self.client.get_or_init(connect).await
    }

    /// Sends up to ten messages; answers those that were refused.
    async fn send_batch(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError> {
        let error = |source: Box<dyn std::error::Error + Send + Sync>| QueueError { source };
        let mut request = self.client().await.send_message_batch().queue_url(&self.url);
        for (i, message) in messages.iter().enumerate() {
            let body = serde_json::to_string(message).map_err(|e| error(e.into()))?;
            let entry = SendMessageBatchRequestEntry::builder().id(i.to_string()).message_body(body);
            request = request.entries(entry.build().map_err(|e| error(e.into()))?);
        }
        // As text: the SDK's errors say nothing without their own chain.
        let answer = request.send().await.map_err(|e| error(DisplayErrorContext(&e).to_string().into()))?;
        let refused = answer.failed().iter().filter_map(|f| f.id().parse::<usize>().ok());
        Ok(refused.filter_map(|i| messages.get(i).copied()).collect())
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, messages: &[Message]) -> Result<Vec<Message>, QueueError> {
        let mut refused = Vec::new();
        for batch in messages.chunks(BATCH) {
            let mut left = batch.to_vec();
            for _ in 0..TRIES {
                if left.is_empty() {
                    break;
                }
                left = match self.send_batch(&left).await {
                    Ok(left) => left,
                    // Earlier batches went out: report this one as refused rather than all as unknown.
                    Err(error) if messages.len() > batch.len() => {
                        tracing::warn!(
                            error = crate::telemetry::chain(&error),
                            "a batch of messages was not sent"
                        );
                        break;
                    }
                    Err(error) => return Err(error),
                };
            }
            refused.extend(left);
        }
        Ok(refused)
    }
}
