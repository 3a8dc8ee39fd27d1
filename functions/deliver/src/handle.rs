//! Message handler: runs attempts to deliver, records receipts of events, and sends what is due next. A message only indicates
//! that something may be due: it is always deleted, and retries are scheduled in the store.

use std::time::{Instant, SystemTime};

use export::event::Receipt;
use export::id::ExportId;
use lambda_runtime::{Error, LambdaEvent};
use ports::queue::{BatchResponse, Event, Message, Record};
use ports::telemetry::{chain, invocation};
use serde::Deserialize;
use tracing::Instrument;

use crate::context::Context;
use crate::{attempt, events, probe};

/// Content of a message.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Body {
    /// A delivery may be due, or events.
    Message(Message),
    /// An attempt to send an event has ended.
    Receipt(Receipt),
}

/// Runs one attempt per message, one after the other.
///
/// # Errors
/// None: what fails is recorded in the store.
pub async fn handle(context: &Context, event: LambdaEvent<Event>) -> Result<BatchResponse, Error> {
    let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let until = Instant::now() + context.store.faults().time(left);
    let span = invocation(&event.context.request_id, event.context.xray_trace_id.as_deref());
    all(context, &event.payload.records, until).instrument(span).await;
    context.store.release().await;
    Ok(BatchResponse::default())
}

async fn all(context: &Context, records: &[Record], until: Instant) {
    for record in records {
        match serde_json::from_str::<Body>(&record.body) {
            Ok(Body::Message(message)) => {
                deliver(context, ExportId::from(message.chunk.uuid()), until).await;
            }
            Ok(Body::Receipt(receipt)) => events::record(context, &receipt).await,
            Err(error) => tracing::error!(%error, "a message could not be read and is dropped"),
        }
    }
    // A receipt lets the next event of its export be sent, and a delivery that has ended is an event.
    events::send(context).await;
    probe::all(context).await;
    // At some destinations deliveries run one after the other: the next one may be due now.
    if let Err(error) = store::deliveries::send(&context.store, &*context.queue).await {
        tracing::warn!(error = chain(&error), "no delivery could be sent now");
    }
}

async fn deliver(context: &Context, export: ExportId, until: Instant) {
    match context.store.lease_delivery(export, context.lease_secs).await {
        Ok(Some(lease)) => {
            // Events are not to wait until files are copied.
            events::send(context).await;
            attempt::run(context, &lease, until).await;
        }
        Ok(None) => tracing::info!(%export, "no delivery of this export is due"),
        // The store sends the message again.
        Err(error) => tracing::error!(%export, error = chain(&error), "the delivery could not be leased"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_event_is_parsed_and_answered() {
        let event = r#"{"Records":[{"messageId":"1","body":"{\"chunk\":\"00000000-0000-4000-8000-000000000000\"}","eventSource":"aws:sqs"}]}"#;
        let event: Event = serde_json::from_str(event).unwrap();
        assert!(matches!(serde_json::from_str(&event.records[0].body), Ok(Body::Message(_))));
        let receipt = r#"{"attempt":{"event":"00000000-0000-4000-8000-000000000000","receiver":"00000000-0000-4000-8000-000000000001","number":2},"status":200}"#;
        assert!(matches!(serde_json::from_str(receipt), Ok(Body::Receipt(_))));
        assert_eq!(serde_json::to_string(&BatchResponse::default()).unwrap(), r#"{"batchItemFailures":[]}"#);
    }
}
