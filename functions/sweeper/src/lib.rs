//! The sweeper: periodic repair of work that was left unfinished.
//!
//! Nothing depends on its punctuality. Workers and the api dispatch and finish by themselves; the sweeper only
//! continues work that a dead process left, and removes data that is no longer needed.

mod context;
mod estimates;
mod exports;
mod removal;
mod rounds;
mod sweep;

pub use context::Context;
pub use rounds::BATCH;
pub use sweep::{SweepSummary, sweep};

use lambda_runtime::{Error, LambdaEvent};
use ports::telemetry::invocation;
use serde_json::Value;
use tracing::Instrument;

/// Handles one tick of the schedule. The content of the event is ignored.
///
/// # Errors
/// None: a step that fails is logged and repeated at the next tick.
pub async fn handle(context: &Context, tick: LambdaEvent<Value>) -> Result<SweepSummary, Error> {
    let span = invocation(&tick.context.request_id, tick.context.xray_trace_id.as_deref());
    Ok(sweep(context).instrument(span).await)
}
