//! One attempt: copies all files of the manifest, then writes the manifest.

use std::time::Instant;

use bytes::Bytes;
use export::delivery::DeliveryCode;
use export::destination::Destination as Definition;
use export::manifest::{Delivered, Manifest};
use ports::destination::{Destination, DestinationError};
use ports::fault::Point;
use ports::objects::{ObjectsError, ObjectsErrorKind};
use ports::telemetry::chain;
use store::{Copied, DeliveryLease};

use crate::context::Context;
use crate::copies;
use crate::end::{self, Stop};

/// Runs one attempt, and records its end. `until` is the end of the function's time.
pub async fn run(context: &Context, lease: &DeliveryLease, until: Instant) {
    tracing::info!(export = %lease.export, destination = lease.destination, attempt = lease.attempt, "delivery begins");
    let ended = match deliver(context, lease, until).await {
        Ok(copied) => {
            tracing::info!(export = %lease.export, destination = lease.destination, files = copied.files, bytes = copied.bytes, "delivered");
            return;
        }
        Err(stop) => end::stopped(context, lease, &stop).await,
    };
    if let Err(error) = ended {
        tracing::error!(export = %lease.export, error = chain(&error), "the end of the attempt could not be recorded");
    }
}

async fn deliver(context: &Context, lease: &DeliveryLease, until: Instant) -> Result<Copied, Stop> {
    let definition = lease.definition.as_ref().map(|one| one.of_tenant(&lease.tenant)).ok_or_else(|| {
        let message = format!("{} is not a destination of this tenant any more", lease.destination);
        DestinationError::new(DeliveryCode::DestinationUnknown, message)
    })?;
    let manifest = read_manifest(context, lease).await?;
    let session = format!("sluice-{}", lease.export);
    let destination = context.destinations.open(&definition, &session).await?;
    let copied = copies::all(context, lease, &definition, &*destination, &manifest, until).await?;
    let address = write_manifest(lease, &definition, &*destination, manifest).await?;
    context.store.faults().crash(Point::Delivered);
    if !context.store.record_delivery(lease, copied, address.as_deref()).await? {
        return Err(Stop::Lost);
    }
    Ok(copied)
}

async fn read_manifest(context: &Context, lease: &DeliveryLease) -> Result<Manifest, Stop> {
    let missing = |message: &str| DestinationError::new(DeliveryCode::FileMissing, message);
    let key = lease.manifest_key.as_deref().ok_or(Stop::Lost)?;
    let text = context.objects.get(key).await.map_err(unreadable)?;
    let manifest = serde_json::from_slice(&text);
    manifest.map_err(|_| missing("the manifest of the export cannot be read").into())
}

fn unreadable(error: ObjectsError) -> DestinationError {
    let code = match error.kind {
        ObjectsErrorKind::NotFound => DeliveryCode::FileMissing,
        ObjectsErrorKind::Denied => DeliveryCode::AccessDenied,
        _ => DeliveryCode::Unavailable,
    };
    DestinationError::new(code, format!("the manifest of the export: {error}"))
}

/// Writes the manifest and returns its address; `None` if it would replace that of a later export.
async fn write_manifest(
    lease: &DeliveryLease,
    definition: &Definition,
    destination: &dyn Destination,
    mut manifest: Manifest,
) -> Result<Option<String>, Stop> {
    let key = definition.manifest_key(lease.export);
    if lease.superseded && definition.is_replaced() {
        tracing::info!(export = %lease.export, "a later export has been delivered; its manifest stays");
        return Ok(None);
    }
    let datasets = manifest.datasets.iter().map(|dataset| dataset.head.name.as_str());
    let folders = definition.folders(lease.export, datasets);
    manifest.delivered =
        Some(Delivered { destination: lease.destination.clone(), layout: definition.layout, folders });
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(|error| DestinationError::new(DeliveryCode::Rejected, error.to_string()))?;
    destination.put(&key, Bytes::from(text), "application/json").await?;
    Ok(Some(definition.address(&key)))
}
