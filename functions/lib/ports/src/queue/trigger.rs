//! Event of a queue's trigger, and the response to it, as Lambda writes them
//! (<https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html>).

use serde::{Deserialize, Serialize};

/// Event of a queue's trigger. Its other fields are not used.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Messages, at most as many as the trigger is set to.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One message.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Content of the message.
    pub body: String,
}

/// SQS partial batch response. Always empty: retries are scheduled in the store, never by redelivery.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Always empty.
    pub batch_item_failures: Vec<String>,
}
