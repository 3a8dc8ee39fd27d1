//! Probes of destinations: an object is written and deleted, with the rights of a delivery.

use bytes::Bytes;
use export::destination::{Destination, PROBE_NAME};
use ports::destination::DestinationError;
use ports::telemetry::chain;
use store::StoreError;

use crate::context::Context;
use crate::end::failure;

/// Makes all probes that the operator has requested.
pub(crate) async fn all(context: &Context) {
    if let Err(error) = each(context).await {
        tracing::warn!(error = chain(&error), "probes could not be made");
    }
}

async fn each(context: &Context) -> Result<(), StoreError> {
    while let Some((name, definition)) = context.store.take_probe().await? {
        let result = probe(context, &definition).await.err().map(|error| failure(&error));
        tracing::info!(destination = name, failed = result.is_some(), "a destination was probed");
        context.store.note_probe(&name, &result).await?;
    }
    Ok(())
}

async fn probe(context: &Context, definition: &Destination) -> Result<(), DestinationError> {
    let destination = context.destinations.open(definition, "sluice-probe").await?;
    let key = definition.below(PROBE_NAME);
    destination.put(&key, Bytes::from_static(b"{}"), "application/json").await?;
    destination.delete(&key).await
}
