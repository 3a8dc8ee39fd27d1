//! Notifications sent by a worker: dispatch of due chunks, and a delayed message for its own chunk.

use export::id::ChunkId;
use ports::queue::Message;
use ports::telemetry::chain;

use crate::context::Context;

/// Dispatches due chunks. Best effort: the sweeper does the same.
pub(crate) async fn dispatch(ctx: &Context) {
    if let Err(error) = store::dispatch::run(&ctx.store, &*ctx.queue).await {
        tracing::warn!(error = chain(&error), "nothing could be dispatched now");
    }
}

/// Sends a wake-up message that arrives when the chunk is due. Its worker finds that the chunk has not been sent, and
/// dispatches. Best effort, as above; without it an idle system would continue only with the next run of the sweeper.
pub(crate) async fn wake_up(ctx: &Context, chunk: ChunkId, secs: u32) {
    // SQS may deliver slightly early.
    if let Err(error) = ctx.queue.send_later(Message { chunk }, secs.saturating_add(1)).await {
        tracing::warn!(%chunk, error = chain(&error), "no message could be sent for later");
    }
}

/// Sends due deliveries and events. Best effort, as above.
pub(crate) async fn send_deliveries(ctx: &Context) {
    let Some(queue) = &ctx.deliveries else { return };
    if let Err(error) = store::deliveries::run(&ctx.store, &**queue).await {
        tracing::warn!(error = chain(&error), "no delivery could be sent now");
    }
}
