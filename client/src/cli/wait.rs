//! Waiting for an export, with live progress.

use std::time::{Duration, Instant};

use export::id::ExportId;
use export::wire::Export;
use indicatif::HumanCount;
use serde_json::json;

use super::flags::commands;
use super::outcome::Failure;
use super::progress::{ProgressOutput, View};
use super::show::instant;
use super::tally::{self, Tally};
use super::{chunks, terminal};
use crate::error::API;
use crate::text::{bytes, count, duration, one_line};
use crate::{Client, Retries};

/// First and longest time between two polls.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(2));

/// Time for which a started operation continues while the api cannot be reached: an export may have run for hours.
const MAX_OUTAGE: Duration = Duration::from_secs(15 * 60);

/// Returns the client with the retries of a started operation.
pub(super) fn patient(client: &Client) -> Client {
    let client = client.clone().with_retries(Retries { outage: MAX_OUTAGE, ..client.retries() });
    client.with_notice(|why, wait| notice(why, wait, false))
}

/// Reports a wait. `first` is true for the first contact with the api, when its address may be wrong.
pub(super) fn notice(why: &str, wait: Duration, first: bool) {
    let unreachable = first && why.contains(API) && why.contains("connection");
    let hint = if unreachable { "; is SLUICE_URL correct?" } else { "" };
    let wait = duration(wait.as_secs().max(1));
    terminal::warn(&format!("waiting {wait}: {}{hint}", one_line(&commands(why))));
}

/// Time between two reads of all chunks, and maximum number of chunks for which they are read.
const CHUNKS_EVERY: Duration = Duration::from_secs(3);
const MAX_CHUNKS: u64 = 2000;

/// Polls the export until it has ended.
pub(super) async fn until_ended(client: &Client, mut export: Export) -> Result<Export, Failure> {
    let (progress, client) = (ProgressOutput::new(1000), patient(client));
    let (mut pause, mut tallies, mut read) = (LOOK_EVERY.0, Vec::new(), None::<Instant>);
    loop {
        let ended = !export.status.is_live();
        let due =
            read.is_none_or(|at| at.elapsed() >= CHUNKS_EVERY) && export.progress.chunks.total <= MAX_CHUNKS;
        if progress.is_detailed() && (due || (ended && read.is_some())) {
            // Details are worth no failure.
            tallies =
                chunks::all(&client, export.id).await.map_or(tallies, |chunks| tally::of_chunks(&chunks));
            read = Some(Instant::now());
        }
        if ended {
            progress.finish(|| view(&export, &tallies));
            return Ok(export);
        }
        progress.show((export.progress.percent * 10.0) as u64, || view(&export, &tallies));
        tokio::time::sleep(pause).await;
        pause = pause.mul_f64(1.3).min(LOOK_EVERY.1);
        export = client.export(export.id).await?;
    }
}

/// Runs `future` unless Ctrl-C comes first. On a terminal it then asks if the export is to be canceled.
pub(super) async fn or_cancel<T>(
    client: &Client,
    id: ExportId,
    future: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    match unless_interrupted(future).await {
        Err(Failure::Interrupted)
            if terminal::is_interactive()
                && confirmed(&format!("\ncancel export {id}? [y/N] Enter leaves it running: ")).await =>
        {
            Err(match client.cancel(id).await {
                Ok(export) => Failure::Canceled(format!("export {id} is {}", export.status)),
                // It has ended meanwhile.
                Err(error) if error.status() == Some(409) => {
                    Failure::Interrupted.hint(format!("export {id} has already ended"))
                }
                Err(error) => error.into(),
            })
        }
        other => other,
    }
}

/// Prints a question and reads the answer. Everything but yes is no, also Ctrl-C.
pub(super) async fn confirmed(question: &str) -> bool {
    eprint!("{question}");
    let (sent, answer) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its threads before the process ends.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().read_line(&mut line);
        sent.send(read.map(|_| line).unwrap_or_default())
    });
    tokio::select! {
        line = answer => line.is_ok_and(|line| is_yes(&line)),
        _ = tokio::signal::ctrl_c() => false,
    }
}

fn is_yes(line: &str) -> bool {
    matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes")
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

fn view(export: &Export, tallies: &[Tally]) -> View {
    let Export { id, status, progress, eta_seconds, .. } = export;
    let data = json!({
        "event": "waiting", "export": id, "status": status, "percent": progress.percent, "chunks": progress.chunks,
        "rows": progress.rows, "bytes": progress.bytes, "etaSeconds": eta_seconds, "datasets": tallies,
    });
    let counted = (!tallies.is_empty()).then(|| tally::summary(tallies));
    View {
        summary: line(export),
        details: counted.into_iter().chain(tally::lines(tallies, "chunks")).collect(),
        data,
    }
}

fn line(export: &Export) -> String {
    let progress = &export.progress;
    let chunks = progress.chunks;
    let work = format!("{} of {}", HumanCount(chunks.done), count(chunks.total, "chunk"));
    let failed = (chunks.failed > 0).then(|| format!("{} failed", chunks.failed));
    let position = export
        .queue_position
        .filter(|place| *place > 0)
        .map(|place| format!("position {place} in the queue"));
    let eta = export.eta_seconds.map(|s| format!("about {} left", duration(s)));
    let paused = export.paused.as_ref().map(|why| format!("paused: {why}"));
    let busy = export
        .back_off
        .as_ref()
        .map(|b| format!("waiting since {}, next attempt at {}: {}", b.since, b.until, b.reason));
    let current = (!progress.current_datasets.is_empty()).then(|| shortened(&progress.current_datasets));
    let first = [Some(export.status.to_string()), Some(work), failed, position, eta];
    let written = [count(progress.rows, "row"), bytes(progress.bytes)].map(Some);
    let snapshot = export
        .snapshot
        .as_ref()
        .filter(|snapshot| snapshot.waiting)
        .map(|snapshot| format!("snapshot: {}", instant(snapshot)));
    let second = written.into_iter().chain([current, snapshot, paused, busy]);
    let joined = |parts: Vec<String>| parts.join(", ");
    [joined(first.into_iter().flatten().collect()), joined(second.flatten().collect())].join("\n")
}

fn shortened(names: &[String]) -> String {
    let shown = names.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > 3 {
        format!("reading {shown} and {} more", names.len() - 3)
    } else {
        format!("reading {shown}")
    }
}
