//! Message handler: runs attempts. A message only indicates that a chunk may be ready: it is always deleted, and
//! retries are scheduled in the store.

use std::time::Instant;

use lambda_runtime::{Error, LambdaEvent};
use ports::fault::Point;
use ports::queue::{BatchResponse, Event, Message};
use store::StoreError;

use crate::attempt;
use crate::context::Context;
use crate::deadline::Deadline;
use crate::keeper;
use crate::notify::{dispatch, wake_up};
use ports::telemetry::{chain, invocation, note_traceparent};
use tracing::Instrument;

/// Delay in seconds of the message that is sent again if the store was unreachable when its chunk was leased.
const STORE_AWAY_SECS: u32 = 5;

/// Runs one attempt per message, one after the other.
pub async fn handle(context: &Context, event: LambdaEvent<Event>) -> Result<BatchResponse, Error> {
    let left = event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or_default();
    let deadline = Deadline { begun: Instant::now(), left: context.store.faults().time(left) };
    let span = invocation(&event.context.request_id, event.context.xray_trace_id.as_deref());
    for record in event.payload.records {
        match serde_json::from_str::<Message>(&record.body) {
            Ok(message) => handle_message(context, message, deadline).instrument(span.clone()).await,
            Err(error) => tracing::error!(%error, "a message could not be read and is dropped"),
        }
    }
    context.store.release().await;
    Ok(BatchResponse::default())
}

async fn handle_message(context: &Context, Message { chunk }: Message, deadline: Deadline) {
    match context.store.lease(chunk, context.lease.lease_secs).await {
        Ok(Some(attempt)) => {
            context.store.faults().crash(Point::Leased);
            note_traceparent(attempt.traceparent.as_deref());
            attempt::run(context, &attempt, deadline).await;
        }
        // The id may be that of a keeper. Otherwise this is a duplicate message, or one that was scheduled for the time
        // when its chunk is due.
        Ok(None) => match context.store.lease_keeper(chunk.uuid().into(), context.lease.lease_secs).await {
            Ok(Some(lease)) => keeper::run(context, &lease, deadline).await,
            Ok(None) => {
                tracing::info!(%chunk, "nothing waits for a worker under this id");
                dispatch(context).await;
            }
            Err(error) => tracing::error!(id = %chunk, error = chain(&error), "no keeper could be leased"),
        },
        // The store dispatches the chunk again when its mark is old enough; this message is meant to arrive sooner.
        Err(error) => {
            crate::metrics::not_leased();
            tracing::error!(%chunk, error = chain(&error), "the chunk could not be leased");
            if matches!(error, StoreError::Busy(_) | StoreError::Taken(_)) {
                wake_up(context, chunk, STORE_AWAY_SECS).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queue_event_is_parsed_and_answered() {
        let event = r#"{"Records":[{"messageId":"1","receiptHandle":"x","body":"{\"chunk\":\"00000000-0000-4000-8000-000000000000\"}","attributes":{},"eventSource":"aws:sqs"}]}"#;
        let event: Event = serde_json::from_str(event).unwrap();
        assert!(serde_json::from_str::<Message>(&event.records[0].body).is_ok());
        assert_eq!(serde_json::to_string(&BatchResponse::default()).unwrap(), r#"{"batchItemFailures":[]}"#);
    }
}
