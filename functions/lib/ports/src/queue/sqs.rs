//! Amazon SQS.

use std::ops::Range;

use async_trait::async_trait;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};

use super::{Letters, MAX_DELAY_SECS, Message, Queue, QueueError};
use crate::sdk::{responded, text};

/// Maximum number of messages that SQS accepts in one call.
const BATCH: usize = 10;

/// Maximum size in bytes of all bodies of one call. SQS accepts more by now, stand-ins may not.
const MAX_BATCH_BYTES: usize = 256 << 10;

/// Maximum number of tries for entries that SQS refused inside an otherwise successful response.
const TRIES: usize = 3;

/// A standard queue of Amazon SQS.
#[derive(Debug)]
pub struct SqsQueue {
    url: String,
    client: tokio::sync::OnceCell<aws_sdk_sqs::Client>,
}

impl SqsQueue {
    /// Configures the queue; no connection is opened before the first send.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), client: tokio::sync::OnceCell::new() }
    }

    async fn client(&self) -> &aws_sdk_sqs::Client {
        let connect = || async { aws_sdk_sqs::Client::new(crate::config::aws().await) };
        self.client.get_or_init(connect).await
    }

    /// Sends up to ten messages; returns those that were refused.
    async fn send_batch(&self, messages: &[Message], delay: Option<i32>) -> Result<Vec<Message>, QueueError> {
        let bodies = messages.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
        let refused = self.send_bodies(&bodies.map_err(QueueError::new)?, delay).await?;
        Ok(refused.into_iter().filter_map(|i| messages.get(i).copied()).collect())
    }

    /// Sends up to ten bodies; returns the positions of those that were refused.
    async fn send_bodies(&self, bodies: &[String], delay: Option<i32>) -> Result<Vec<usize>, QueueError> {
        let mut request = self.client().await.send_message_batch().queue_url(&self.url);
        for (i, body) in bodies.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(i.to_string()).message_body(body.as_str());
            let entry = entry.set_delay_seconds(delay);
            request = request.entries(entry.build().map_err(QueueError::new)?);
        }
        let answer = request.send().await.map_err(|e| failed(&e))?;
        Ok(answer.failed().iter().filter_map(|f| f.id().parse::<usize>().ok()).collect())
    }
}

/// Divides bodies into batches that SQS accepts, by number and by size.
fn batches(bodies: &[String]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (i, body) in bodies.iter().enumerate() {
        bytes += body.len();
        match batches.last_mut() {
            Some(last) if last.len() < BATCH && bytes <= MAX_BATCH_BYTES => last.end = i + 1,
            _ => {
                bytes = body.len();
                batches.push(i..i + 1);
            }
        }
    }
    batches
}

fn failed<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> QueueError {
    QueueError { answered: responded(error), ..QueueError::new(text(error)) }
}

#[async_trait]
impl Letters for SqsQueue {
    async fn post(&self, bodies: &[String]) -> Result<Vec<usize>, QueueError> {
        let mut refused = Vec::new();
        let batches = batches(bodies);
        for batch in &batches {
            match self.send_bodies(&bodies[batch.clone()], None).await {
                Ok(left) => refused.extend(left.into_iter().map(|i| batch.start + i)),
                Err(error) if batches.len() == 1 => return Err(error),
                Err(error) => {
                    tracing::warn!(
                        error = crate::telemetry::chain(&error),
                        "a batch of messages was not sent"
                    );
                    refused.extend(batch.clone());
                }
            }
        }
        Ok(refused)
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
                left = match self.send_batch(&left, None).await {
                    Ok(left) => left,
                    // Earlier batches were sent, so this one is reported as refused instead of all as unknown.
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

    async fn send_later(&self, message: Message, secs: u32) -> Result<(), QueueError> {
        let delay = i32::try_from(secs.min(MAX_DELAY_SECS)).ok();
        let refused = self.send_batch(&[message], delay).await?;
        if refused.is_empty() { Ok(()) } else { Err(QueueError::new("the queue rejected the message")) }
    }

    async fn waiting(&self) -> Result<u64, QueueError> {
        let count = QueueAttributeName::ApproximateNumberOfMessages;
        let call = self.client().await.get_queue_attributes().queue_url(&self.url);
        let answer = call.attribute_names(count.clone()).send().await;
        let answer = answer.map_err(|e| failed(&e))?;
        let count_of = answer.attributes().and_then(|values| values.get(&count)?.parse().ok());
        count_of.ok_or_else(|| QueueError::new("the queue did not return its number of messages"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
    use export::id::ChunkId;
    use serde_json::{Value, json};

    use super::*;

    /// Serves the responses one request after the other, and returns the entries of each request.
    fn sqs(answers: Vec<Value>) -> (String, JoinHandle<Vec<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = move || answers.into_iter().map(|answer| serve_one(&listener, &answer)).collect();
        (url, std::thread::spawn(serve))
    }

    fn serve_one(listener: &TcpListener, answer: &Value) -> Vec<String> {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut block) = (Vec::new(), [0; 65_536]);
        let body = loop {
            let read = stream.read(&mut block).unwrap();
            request.extend_from_slice(&block[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head
                .lines()
                .find_map(|l| l.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if length == Some(body.len()) {
                break serde_json::from_str::<Value>(body).unwrap();
            }
        };
        let answer = answer.to_string();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\ncontent-length";
        write!(stream, "{head}: {}\r\n\r\n{answer}", answer.len()).unwrap();
        body["Entries"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| e["MessageBody"].as_str().unwrap().to_owned())
            .collect()
    }

    fn queue(endpoint: &str) -> SqsQueue {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "test"))
            .endpoint_url(endpoint)
            .build();
        let client = aws_sdk_sqs::Client::from_conf(config);
        SqsQueue { url: format!("{endpoint}/queue"), client: tokio::sync::OnceCell::new_with(Some(client)) }
    }

    #[tokio::test]
    async fn refusing_and_unreachable_queues_are_distinguished() {
        let (endpoint, server) = sqs(vec![json!({"Attributes": {"ApproximateNumberOfMessages": "7"}})]);
        assert_eq!(queue(&endpoint).waiting().await.unwrap(), 7);
        server.join().unwrap();
        let (endpoint, server) = sqs(vec![json!({"Attributes": {}})]);
        assert!(queue(&endpoint).waiting().await.unwrap_err().answered);
        server.join().unwrap();
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = queue(&format!("http://{nobody}")).waiting().await.unwrap_err();
        assert!(!error.answered, "{}", crate::telemetry::chain(&error));
    }

    #[test]
    fn batches_are_small_enough_for_one_call() {
        let bodies = |sizes: &[usize]| sizes.iter().map(|size| "x".repeat(*size)).collect::<Vec<_>>();
        assert_eq!(batches(&bodies(&[1; 23])), [0..10, 10..20, 20..23]);
        let large = MAX_BATCH_BYTES / 2;
        assert_eq!(batches(&bodies(&[large, large, 1, large])), [0..2, 2..4]);
        assert_eq!(batches(&bodies(&[3 * large, 1])), [0..1, 1..2]);
        assert!(batches(&[]).is_empty());
    }

    fn refusing(ids: &[&str]) -> Value {
        let failed = |id: &&str| json!({"Id": id, "Code": "InternalError", "SenderFault": false});
        json!({"Successful": [], "Failed": ids.iter().map(failed).collect::<Vec<_>>()})
    }

    #[tokio::test]
    async fn refused_messages_are_resent_and_then_reported() {
        let messages: Vec<_> = (1..=3).map(|i| Message { chunk: ChunkId::from_random([i; 16]) }).collect();
        let (endpoint, server) = sqs(vec![refusing(&["0", "2"]), refusing(&["1"]), refusing(&["0"])]);
        let refused = queue(&endpoint).send(&messages).await.unwrap();
        let sent = server.join().unwrap();
        // Of three, the first and third are sent again; of those the third, which is then returned.
        assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [3, 2, 1]);
        assert_eq!(sent[2], [serde_json::to_string(&messages[2]).unwrap()]);
        assert_eq!(refused, [messages[2]]);
    }
}
