//! Recording of attempts without a file: as a failure of the chunk, or as a condition of the deployment that is
//! charged to no chunk.

use std::time::{Duration, Instant};

use export::attempt::Attempt;
use export::failure::{Failure, MAX_FAILURES, backoff_secs};
use export::id::ExportId;
use export::load::Hold;
use export::usage::Usage;
use ports::telemetry::chain;
use store::{GivenBack, StoreError};
use tokio::time::sleep;

use crate::context::Context;
use crate::deadline::Deadline;
use crate::error::AttemptError;
use crate::notify::wake_up;

/// Pause between two attempts to reach the store.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Retries a store operation until the store can be reached or the function's time is over. Otherwise the outcome of
/// the attempt would be lost, and its chunk charged with a lost worker.
pub(crate) async fn insist<T>(
    deadline: Deadline,
    mut operation: impl AsyncFnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let give_up = deadline.last_try();
    loop {
        match operation().await {
            Err(StoreError::Busy(error) | StoreError::Taken(error) | StoreError::Conflict(error))
                if Instant::now() + RETRY_PAUSE < give_up =>
            {
                tracing::warn!(
                    error = chain(&*error),
                    "the store cannot be reached; recording the outcome is retried"
                );
                sleep(RETRY_PAUSE).await;
            }
            other => return other,
        }
    }
}

/// Records a failure of the chunk. Returns the exports that may now be finished.
pub(crate) async fn fail(
    ctx: &Context,
    attempt: &Attempt,
    failure: &Failure,
    error: &AttemptError,
    usage: &Usage,
) -> Result<Option<Vec<ExportId>>, StoreError> {
    tracing::warn!(chunk = %attempt.chunk, attempt = attempt.number, dataset = attempt.selection.dataset,
        code = %failure.code, again = failure.again, error = chain(error), "attempt failed");
    let exports = ctx.store.fail(attempt.chunk, attempt.number, failure, usage).await?;
    let failures = attempt.failures.saturating_add(1);
    if exports.is_some() && failure.again && failures < MAX_FAILURES {
        wake_up(ctx, attempt.chunk, u32::try_from(backoff_secs(failures)).unwrap_or(u32::MAX)).await;
    }
    Ok(exports)
}

/// Records a condition of the deployment: the chunk has not failed, and nothing is dispatched for a while.
pub(crate) async fn give_back(
    ctx: &Context,
    attempt: &Attempt,
    hold: &Hold,
    error: &AttemptError,
    usage: &Usage,
) -> Result<Option<Vec<ExportId>>, StoreError> {
    match ctx.store.back_off(attempt.chunk, attempt.number, hold, usage).await? {
        GivenBack::Waits { secs } => {
            tracing::warn!(chunk = %attempt.chunk, attempt = attempt.number, signal = hold.signal.as_str(), secs,
                error = chain(error), "a condition of the deployment holds the chunk back");
            wake_up(ctx, attempt.chunk, secs).await;
            Ok(None)
        }
        GivenBack::Fenced => Ok(None),
        GivenBack::BreaksSessions => {
            let message = format!(
                "{}; the session was lost {MAX_FAILURES} times while this chunk was read",
                hold.reason
            );
            let failure = Failure { again: false, ..Failure::new(hold.signal, message) };
            fail(ctx, attempt, &failure, error, usage).await
        }
    }
}
