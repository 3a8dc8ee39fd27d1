//! Events: sent to the function outside the VPC, whose receipts are recorded.

use export::event::Receipt;
use ports::metrics::{Metric, put};
use ports::queue::MAX_DELAY_SECS;
use ports::telemetry::chain;
use store::notices::wake_message;

use crate::context::Context;

/// Sends all events that are due.
pub(crate) async fn send(context: &Context) {
    if let Err(error) = store::notices::run(&context.store, &*context.events).await {
        tracing::warn!(error = chain(&error), "no event could be sent now");
    }
}

/// Records the result of an attempt to send. If it is lost, the event is sent again.
pub(crate) async fn record(context: &Context, receipt: &Receipt) {
    let (event, receiver) = (receipt.attempt.event, receipt.attempt.receiver);
    match context.store.record_receipt(receipt).await {
        Ok(Some(recorded)) if recorded.disabled => {
            tracing::error!(%event, %receiver, "the receiver accepts nothing and is disabled");
            put("deliver", &[(Metric::ReceiversDisabled, 1)], &[("receiver", receiver.to_string().into())]);
        }
        Ok(Some(recorded)) if receipt.failure.is_some() && recorded.again_secs.is_none() => {
            tracing::warn!(%event, %receiver, "the event has failed for good; `sluice admin webhooks resend` sends it again");
        }
        Ok(Some(recorded)) => {
            tracing::info!(%event, %receiver, again_secs = recorded.again_secs, "a receipt is recorded");
            if let Some(secs) = recorded.again_secs {
                wake_later(context, secs).await;
            }
        }
        Ok(None) => tracing::info!(%event, %receiver, "the receipt changes nothing"),
        Err(error) => {
            tracing::error!(%event, %receiver, error = chain(&error), "a receipt could not be recorded")
        }
    }
}

/// Sends a message that arrives when the next attempt is due. After a longer wait the sweeper lets events be sent.
async fn wake_later(context: &Context, secs: u32) {
    if secs >= MAX_DELAY_SECS {
        return;
    }
    // SQS may deliver slightly early.
    if let Err(error) = context.queue.send_later(wake_message(), secs.saturating_add(1)).await {
        tracing::warn!(error = chain(&error), "no message could be sent for later");
    }
}
