//! What a worker sets going besides its own chunk: the chunks that are due now, and its own when it will be.

use export::id::ChunkId;
use ports::queue::Message;
use ports::telemetry::chain;

use crate::context::Context;

/// Dispatches due chunks. Best effort: the sweeper does the same.
pub(crate) async fn dispatch(ctx: &Context) {
    if let Err(error) = ports::dispatch::run(&ctx.store, &*ctx.queue).await {
        tracing::warn!(error = chain(&error), "nothing could be dispatched now");
    }
}

/// Sends a message that arrives when the chunk is due: its worker finds the chunk not sent, and dispatches. Best effort, as
/// above; without it an idle system would go on only when the sweeper comes.
pub(crate) async fn wake_up(ctx: &Context, chunk: ChunkId, secs: u32) {
    // SQS may deliver a little early.
    if let Err(error) = ctx.queue.send_later(Message { chunk }, secs.saturating_add(1)).await {
        tracing::warn!(%chunk, error = chain(&error), "no message could be sent for later");
    }
}
