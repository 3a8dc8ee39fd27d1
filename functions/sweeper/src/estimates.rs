//! Renewal of one dataset's estimates while the source is otherwise idle.
//!
//! It never waits: if the source is busy or rejects the query, it is retried at a later tick.

use std::time::Duration;

use export::failure::FailureCode;
use introspect::{Refreshed, refresh};
use source::SourceError;
use store::{Stale, StoreError};

use crate::Context;

/// Timeout of the queries for one dataset; a plan takes about a millisecond.
const DATASET_TIMEOUT: Duration = Duration::from_secs(10);

/// Renews the estimates of the dataset whose estimates are the oldest. Returns the number of datasets renewed.
pub(crate) async fn take(context: &Context) -> Result<usize, StoreError> {
    let Some(stale) = context.store.stale_estimate(context.estimates_secs).await? else { return Ok(0) };
    let dataset = stale.name.as_str();
    match tokio::time::timeout(DATASET_TIMEOUT, ask(context, &stale)).await {
        Ok(Ok(Refreshed::Taken(estimate))) => {
            let kept = context.store.keep_estimate(&stale, Some(&estimate)).await?;
            tracing::info!(dataset, rows = estimate.total.rows, "estimates refreshed");
            return Ok(usize::from(kept));
        }
        Ok(Ok(Refreshed::Busy)) => {
            tracing::info!(dataset, "the source is busy; estimates are refreshed later");
            return Ok(0);
        }
        // No session is available; it is retried at the next tick.
        Ok(Err(error)) if error.code.signal().is_some() => {
            tracing::info!(
                dataset,
                code = %FailureCode::from(error.code),
                "the source did not respond; estimates are refreshed later"
            );
            return Ok(0);
        }
        Ok(Ok(Refreshed::Changed(what))) => {
            tracing::warn!(dataset, what, "the dataset has changed; its estimates are kept");
        }
        Ok(Err(error)) => {
            let error = ports::telemetry::chain(&error);
            tracing::warn!(dataset, error, "the source refuses the dataset; its estimates are kept");
        }
        Err(_) => tracing::warn!(dataset, "planning takes too long; its estimates are kept"),
    }
    // A failing dataset must not delay the others.
    context.store.keep_estimate(&stale, None).await?;
    Ok(0)
}

async fn ask(context: &Context, stale: &Stale) -> Result<Refreshed, SourceError> {
    let mut inspector = context.source.inspector(Duration::ZERO).await?;
    let refreshed = refresh(&mut inspector, &stale.dataset, &stale.estimate).await;
    inspector.close().await;
    refreshed
}
