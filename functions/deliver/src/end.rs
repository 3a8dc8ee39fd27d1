//! End of an attempt that has not delivered everything.

use export::delivery::{DeliveryFailure, RETRY_AFTER_SECS};
use ports::clock::now_micros;
use ports::destination::DestinationError;
use ports::metrics::{Metric, put};
use ports::telemetry::chain;
use store::{DeliveryLease, StoreError};

use crate::context::Context;

/// Reason why an attempt ends before everything is delivered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The destination, or a file.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The store failed. The lease lapses, and another attempt follows.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Another attempt has begun, or the export has lost its files.
    #[error("the attempt is over")]
    Lost,
    /// The time of the function is nearly over. The next attempt continues after what is copied.
    #[error("the time of the function is over")]
    OutOfTime,
}

/// Records why an attempt has ended, and when the next one is due.
pub(crate) async fn stopped(context: &Context, lease: &DeliveryLease, stop: &Stop) -> Result<(), StoreError> {
    match stop {
        Stop::Destination(error) => failed(context, lease, error).await,
        Stop::OutOfTime => {
            tracing::info!(export = %lease.export, "the delivery continues with the next attempt");
            context.store.give_back_delivery(lease).await.map(|_| ())
        }
        Stop::Lost | Stop::Store(_) => {
            tracing::warn!(export = %lease.export, attempt = lease.attempt, error = chain(stop), "the attempt ends without a record");
            Ok(())
        }
    }
}

async fn failed(
    context: &Context,
    lease: &DeliveryLease,
    error: &DestinationError,
) -> Result<(), StoreError> {
    let again = if error.code.is_retryable() { again_secs(lease.failures) } else { None };
    let failure = failure(error);
    let about = (lease.export, &lease.destination, lease.attempt);
    tracing::warn!(export = %about.0, destination = about.1, attempt = about.2, code = ?error.code, again_secs = again,
        error = error.message, "the delivery failed");
    let recorded = context.store.fail_delivery(lease, &failure, again).await?;
    if recorded && again.is_none() {
        put("deliver", &[(Metric::DeliveriesFailed, 1)], &[("export", lease.export.to_string().into())]);
    }
    Ok(())
}

/// Makes the record of a failure now.
pub(crate) fn failure(error: &DestinationError) -> DeliveryFailure {
    DeliveryFailure { code: error.code, message: error.message.clone(), at_micros: now_micros() }
}

/// Returns the seconds until the next attempt after so many earlier failures; `None` if there is none.
fn again_secs(failures: u32) -> Option<u32> {
    RETRY_AFTER_SECS.get(failures as usize).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end_after_the_last_wait() {
        assert_eq!(again_secs(0), Some(RETRY_AFTER_SECS[0]));
        assert_eq!(again_secs(RETRY_AFTER_SECS.len() as u32), None);
    }
}
