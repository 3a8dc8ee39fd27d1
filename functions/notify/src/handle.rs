//! Message handler: sends all events of a batch side by side, each with its receipt. A message is always deleted: what is lost
//! with it is sent again by the store.

use export::event::Letter;
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use ports::clock::now_micros;
use ports::queue::{BatchResponse, Event, Record};
use ports::telemetry::{chain, invocation};
use tracing::Instrument;

use crate::context::Context;
use crate::send;

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
    let now = now_micros().div_euclid(1_000_000);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use export::event::{AttemptToSend, Place, Receipt};
    use export::webhook::MAX_AGE_SECS;
    use ports::bus::{Bus, BusEvent};
    use ports::queue::MemoryLetters;
    use uuid::Uuid;

    use super::*;
    use crate::webhook::Webhooks;

    /// Bus that refuses events of one type.
    struct Refusing;

    #[async_trait]
    impl Bus for Refusing {
        async fn put(&self, event: &BusEvent) -> Result<(), String> {
            if event.detail_type == "refused" { Err("AccessDenied: no".to_owned()) } else { Ok(()) }
        }
    }

    fn record(event: u128, event_type: &str, made_at: i64) -> Record {
        let attempt =
            AttemptToSend { event: Uuid::from_u128(event), receiver: Uuid::from_u128(9), number: 2 };
        let to = Place::Bus { name: "arn:aws:events:us-east-1:123456789012:event-bus/default".to_owned() };
        let letter =
            Letter { attempt, to, event_type: event_type.to_owned(), body: "{}".to_owned(), made_at };
        Record { body: serde_json::to_string(&letter).unwrap() }
    }

    #[tokio::test]
    async fn each_event_that_is_not_too_old_has_a_receipt() {
        let receipts = Arc::new(MemoryLetters::default());
        let webhooks = Webhooks::new(false).unwrap();
        let context = Context { receipts: Arc::clone(&receipts) as _, bus: Arc::new(Refusing), webhooks };
        let now = now_micros().div_euclid(1_000_000);
        let unreadable = Record { body: "{".to_owned() };
        let old = record(3, "accepted", now - MAX_AGE_SECS - 5);
        all(&context, &[record(1, "accepted", now), unreadable, record(2, "refused", now), old]).await;
        let found = receipts.take();
        let mut found: Vec<Receipt> = found.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        found.sort_by_key(|receipt| receipt.attempt.event);
        let results: Vec<_> = found
            .iter()
            .map(|one| (one.attempt.event.as_u128(), one.attempt.number, one.failure.as_deref()))
            .collect();
        assert_eq!(results, [(1, 2, None), (2, 2, Some("AccessDenied: no"))]);
    }
}
