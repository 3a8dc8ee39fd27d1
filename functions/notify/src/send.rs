//! One attempt to send one event.

use export::event::{Letter, Place, Receipt};
use export::webhook::MAX_AGE_SECS;
use ports::bus::BusEvent;

use tokio::time::timeout;

use crate::context::Context;
use crate::webhook::{Answer, TIMEOUT};

/// Sends an event and returns the result; `None` if it is too old, so that the store sends it with a new signature.
pub(crate) async fn one(context: &Context, letter: &Letter, now_secs: i64) -> Option<Receipt> {
    let (event, receiver) = (letter.attempt.event, letter.attempt.receiver);
    if now_secs - letter.made_at > MAX_AGE_SECS {
        tracing::warn!(%event, %receiver, "the event has waited too long in the queue; the store sends it again");
        return None;
    }
    let answer = match &letter.to {
        Place::Bus { name } => {
            let put = BusEvent {
                bus: name.clone(),
                detail_type: letter.event_type.clone(),
                detail: letter.body.clone(),
            };
            let failure = match timeout(TIMEOUT, context.bus.put(&put)).await {
                Ok(result) => result.err(),
                Err(_) => Some("no answer in time".to_owned()),
            };
            Answer { failure, ..Answer::default() }
        }
        Place::Webhook { url, id, timestamp, signature } => {
            context.webhooks.post(url, [id, timestamp, signature], &letter.body).await
        }
    };
    match &answer.failure {
        None => tracing::info!(%event, %receiver, status = answer.status, "the event was accepted"),
        Some(failure) => {
            tracing::warn!(%event, %receiver, status = answer.status, failure, "the event was not accepted");
        }
    }
    Some(Receipt {
        attempt: letter.attempt,
        status: answer.status,
        failure: answer.failure,
        retry_after_secs: answer.retry_after_secs,
    })
}
