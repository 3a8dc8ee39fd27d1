//! Copies of all files of a manifest, several at a time, while the lease is renewed.

use std::time::{Duration, Instant};

use export::destination::Destination as Definition;
use export::manifest::{Manifest, ManifestFile};
use futures::{StreamExt, stream};
use ports::destination::{Destination, FileCopy};
use ports::fault::Point;
use store::{Copied, DeliveryLease};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::context::Context;
use crate::end::Stop;

/// Number of files that are copied at the same time.
const FILES_AT_ONCE: usize = 16;

/// Time at the end of an invocation in which its end is recorded.
const RESERVE: Duration = Duration::from_secs(10);

/// Copies the files of a manifest that are not at the destination yet.
pub(crate) async fn all(
    context: &Context,
    lease: &DeliveryLease,
    definition: &Definition,
    destination: &dyn Destination,
    manifest: &Manifest,
    until: Instant,
) -> Result<Copied, Stop> {
    let files: Vec<_> = files(manifest).collect();
    let mut copied = Copied { total: files.len() as u64, files: 0, bytes: 0 };
    let bucket = context.objects.bucket();
    let mut copies = stream::iter(files)
        .map(|(dataset, file)| async move {
            let to = definition.file_key(lease.export, dataset, &file.name);
            destination.copy(&FileCopy { bucket, from: &file.key, to: &to }).await.map(|_| file.bytes)
        })
        .buffer_unordered(FILES_AT_ONCE);
    let mut ticks = interval(Duration::from_secs(u64::from(context.lease_secs.div_ceil(3))));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let left = until.saturating_duration_since(Instant::now());
    let over = sleep_until((until - RESERVE.min(left / 4)).into());
    tokio::pin!(over);
    loop {
        tokio::select! {
            next = copies.next() => match next {
                Some(bytes) => {
                    copied.bytes += bytes?;
                    copied.files += 1;
                    context.store.faults().crash(Point::Copied);
                }
                None => return Ok(copied),
            },
            _ = ticks.tick() => {
                if !context.store.note_delivery(lease, copied, context.lease_secs).await? {
                    return Err(Stop::Lost);
                }
            }
            () = &mut over => return Err(Stop::OutOfTime),
        }
    }
}

/// Lists the files of a manifest with their datasets.
fn files(manifest: &Manifest) -> impl Iterator<Item = (&str, &ManifestFile)> {
    manifest.datasets.iter().flat_map(|dataset| {
        dataset.chunks.iter().filter_map(|chunk| Some((dataset.head.name.as_str(), chunk.file.as_ref()?)))
    })
}
