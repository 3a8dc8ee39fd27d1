//! The clock: puts right what was left half done.
//!
//! Nothing depends on its punctuality. Workers and the api dispatch and finish by themselves; the sweeper
//! only makes sure that what a dead process left behind is picked up, and that what nobody wants goes.

mod context;
mod estimates;
mod exports;
mod removal;
mod rounds;
mod sweep;

pub use context::Context;
pub use rounds::BATCH;
pub use sweep::{Report, sweep};

use lambda_runtime::{Error, LambdaEvent};
use ports::telemetry::invocation;
use serde_json::Value;
use tracing::Instrument;

/// Handles one tick of the schedule; what the event holds does not matter.
///
/// # Errors
/// None: a step that fails is logged and is done again at the next tick.
pub async fn handle(context: &Context, tick: LambdaEvent<Value>) -> Result<Report, Error> {
    let span = invocation(&tick.context.request_id, tick.context.xray_trace_id.as_deref());
    Ok(sweep(context).instrument(span).await)
}
