//! Message handler: sends all events of a batch side by side, then their receipts. A message is always deleted: what is lost
//! with it is sent again by the store.

use std::time::{SystemTime, UNIX_EPOCH};

use export::event::Letter;
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use ports::telemetry::{chain, invocation};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use crate::context::Context;
use crate::send;

/// Event of the queue's trigger. Its other fields are not used.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Messages.
    #[serde(rename = "Records")]
    pub records: Vec<Record>,
}

/// One message.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Content of the message.
    pub body: String,
}

/// SQS partial batch response. Always empty: events are sent again by the store, never by redelivery.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    /// Always empty.
    pub batch_item_failures: Vec<String>,
}

/// Sends the events of a batch.
///
/// # Errors
/// None: failures are reported by receipts.
pub async fn handle(context: &Context, event: LambdaEvent<Event>) -> Result<BatchResponse, Error> {
    let span = invocation(&event.context.request_id, event.context.xray_trace_id.as_deref());
    all(context, &event.payload.records).instrument(span).await;
    Ok(BatchResponse::default())
}

async fn all(context: &Context, records: &[Record]) {
    let letters = records.iter().filter_map(|record| {
        let letter = serde_json::from_str::<Letter>(&record.body);
        letter.inspect_err(|error| tracing::error!(%error, "a message could not be read and is dropped")).ok()
    });
    let letters: Vec<_> = letters.collect();
    let now = now_secs();
    join_all(letters.iter().map(|letter| one(context, letter, now))).await;
}

/// Sends one event, and its receipt at once: a slow receiver in the same batch delays no other.
async fn one(context: &Context, letter: &Letter, now: i64) {
    let Some(receipt) = send::one(context, letter, now).await else { return };
    let Ok(text) = serde_json::to_string(&receipt) else { return };
    let event = letter.attempt.event;
    match context.receipts.post(&[text]).await {
        Ok(refused) if refused.is_empty() => {}
        Ok(_) => tracing::warn!(%event, "the receipt was not accepted; the event is sent again"),
        Err(error) => {
            tracing::warn!(%event, error = chain(&error), "the receipt was not sent; the event is sent again")
        }
    }
}

fn now_secs() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
