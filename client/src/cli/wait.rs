//! Waiting for an export, with live progress.

use std::time::Duration;

use export::wire::Export;
use indicatif::HumanCount;

use super::outcome::Failure;
use super::progress::Progress;
use crate::Client;
use crate::text::{bytes, count, duration};

/// First and longest time between two looks.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Looks at the export until it has ended.
pub(super) async fn until_ended(client: &Client, mut export: Export) -> Result<Export, Failure> {
    let progress = Progress::new(1000);
    let mut pause = LOOK_EVERY.0;
    loop {
        progress.show((export.progress.percent * 10.0) as u64, || line(&export));
        if !export.status.is_live() {
            return Ok(export);
        }
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.3).min(LOOK_EVERY.1);
        export = client.export(export.id).await?;
    }
}

/// Runs `future` unless Ctrl-C comes first.
pub(super) async fn unless_interrupted<T>(
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        result = future => result,
        _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
    }
}

fn line(export: &Export) -> String {
    let progress = &export.progress;
    let chunks = progress.chunks;
    let mut parts = vec![
        export.status.to_string(),
        format!("{} of {}", HumanCount(chunks.done), count(chunks.total, "chunk")),
        count(progress.rows, "row"),
        bytes(progress.bytes),
    ];
    let failed = (chunks.failed > 0).then(|| format!("{} failed", chunks.failed));
    let position =
        export.queue_position.filter(|place| *place > 0).map(|place| format!("place {place} in the queue"));
    let eta = export.eta_seconds.map(|s| format!("about {} left", duration(s)));
    let paused = export.paused.as_ref().map(|why| format!("paused: {why}"));
    let busy =
        export.back_off.as_ref().map(|b| format!("waits until {}, since {}: {}", b.until, b.since, b.reason));
    let current = (!progress.current_datasets.is_empty()).then(|| shortened(&progress.current_datasets));
    parts.extend([failed, position, eta, paused, busy, current].into_iter().flatten());
    parts.join(", ")
}

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(" ");
    if names.len() > 3 { format!("now {shown} and {} more", names.len() - 3) } else { format!("now {shown}") }
}
