//! Text form of an export.

use std::path::Path;

use export::manifest::RangeText;
use export::state::ExportStatus;
use export::wire::{Export, SnapshotState};
use indicatif::HumanCount;

use super::delivery;
use crate::text::{bytes, count, duration, shell_word};

/// Maximum number of errors shown; the others are only counted.
const MAX_ERRORS: usize = 20;

/// Formats all details, one per line.
pub(super) fn export(export: &Export, out: Option<&Path>) -> String {
    let progress = &export.progress;
    let chunks = progress.chunks;
    let label = labels(export);
    let mut lines = vec![
        format!("export    {}", export.id),
        format!("status    {}", status(export)),
        format!("accepted  {}", export.accepted_at),
    ];
    lines.extend((!label.is_empty()).then(|| format!("label     {label}")));
    let times =
        [("started ", &export.started_at), ("ended   ", &export.ended_at), ("expires ", &export.expires_at)];
    lines.extend(times.iter().filter_map(|(word, at)| at.as_ref().map(|at| format!("{word}  {at}"))));
    if export.status.is_live() {
        lines.push(format!("deadline  {}", export.deadline_at));
    }
    lines.extend(
        export
            .samples
            .iter()
            .map(|(name, sample)| format!("sample    {name}, at most {}", count(sample.limit, "row"))),
    );
    lines.push(format!(
        "chunks    {} of {} done, {} reused, {}{} failed",
        HumanCount(chunks.done),
        HumanCount(chunks.total),
        HumanCount(chunks.reused),
        if chunks.unchanged > 0 {
            format!("{} unchanged, ", HumanCount(chunks.unchanged))
        } else {
            String::new()
        },
        HumanCount(chunks.failed)
    ));
    if let (Some(oldest), true) = (&progress.oldest_as_of, chunks.reused > 0) {
        lines.push(format!("oldest    snapshot of {oldest}"));
    }
    lines.push(format!("written   {}, {}", count(progress.rows, "row"), bytes(progress.bytes)));
    if let Some(running) = export.running.filter(|r| r.chunks > 0) {
        let names = progress.current_datasets.join(", ");
        lines.push(format!("running   {}: {names}", count(running.chunks, "chunk")));
    }
    lines.extend(export.eta_seconds.map(|s| format!("left      about {}", duration(s))));
    lines.extend(export.queue_position.map(|place| match place {
        0 => "queue     its first chunk is about to start".to_owned(),
        place => format!("queue     position {place}"),
    }));
    lines.extend(export.snapshot.as_ref().map(|snapshot| format!("snapshot  {}", instant(snapshot))));
    lines.extend(export.paused.as_ref().map(|why| format!("paused    {why}")));
    lines.extend(
        export
            .back_off
            .as_ref()
            .map(|b| format!("waiting   since {}, next attempt at {}: {}", b.since, b.until, b.reason)),
    );
    lines.extend(export.delivery.as_ref().map(|one| format!("delivery  {}", delivery::text(one))));
    lines.extend(errors(export));
    lines.extend(export.delivery.as_ref().map(|one| delivery::errors(export.id, one)).into_iter().flatten());
    lines.extend(hint(export, out));
    lines.join("\n")
}

/// Formats the snapshot that all files show.
pub(super) fn instant(snapshot: &SnapshotState) -> String {
    let state = match &snapshot.as_of {
        Some(at) => format!("of {at}"),
        None if snapshot.waiting => "waiting for it to be taken".to_owned(),
        None => "not taken".to_owned(),
    };
    match snapshot.losses {
        0 => state,
        losses => format!("{state}; lost {}, and read again since", count(losses, "time")),
    }
}

/// Returns the label of an export and its labels, as the flags write them; empty without any.
pub(super) fn labels(export: &Export) -> String {
    let label = export.request["label"].as_str().map(str::to_owned);
    let labels = export.request["labels"].as_object().into_iter().flatten();
    let pairs = labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    label.into_iter().chain(pairs).collect::<Vec<_>>().join(", ")
}

/// Formats the status and the completed share. For an ended export, failed chunks are not part of that share.
fn status(export: &Export) -> String {
    match export.status {
        status if status.is_live() => format!("{status}, {:.1} %", export.progress.percent),
        ExportStatus::Succeeded => export.status.to_string(),
        status => format!("{status}, {:.1} % was exported", exported(export)),
    }
}

/// Returns the completed percentage: for an ended export, of done chunks only.
pub(super) fn exported(export: &Export) -> f64 {
    let chunks = export.progress.chunks;
    if export.status.is_live() || chunks.failed == 0 || chunks.total == 0 {
        return export.progress.percent;
    }
    // Rounded down: an export that lacks a chunk is not complete.
    (chunks.done as f64 * 1000.0 / chunks.total as f64).floor() / 10.0
}

/// Formats the chunks that could not be exported, with the reasons.
pub(super) fn errors(export: &Export) -> Vec<String> {
    let line = |error: &export::wire::ChunkError| {
        let (range, attempts) = (range(&error.range), count(u64::from(error.attempts), "attempt"));
        format!("  {} {range}: {} ({}, {attempts})", error.dataset, error.message, error.code)
    };
    let mut lines: Vec<_> = export.errors.iter().take(MAX_ERRORS).map(line).collect();
    if !lines.is_empty() {
        lines.insert(0, "not exported:".to_owned());
    }
    if export.errors.len() > MAX_ERRORS {
        lines.push(format!("  and {} more; --json shows all", export.errors.len() - MAX_ERRORS));
    }
    lines
}

/// Returns a hint on the next step for an ended export, with the folder of the command, if it has one.
fn hint(export: &Export, out: Option<&Path>) -> Option<String> {
    let id = export.id;
    let out = out.map(|out| format!(" --out {}", shell_word(out))).unwrap_or_default();
    match export.status {
        ExportStatus::Succeeded => Some(format!("download its files with: sluice download {id}{out}")),
        ExportStatus::Failed => Some(format!(
            "retry the failed chunks with: sluice retry {id}; download the rest with: sluice download {id} --partial{out}"
        )),
        ExportStatus::Canceled if export.progress.chunks.done > 0 => {
            Some(format!("download what was exported before with: sluice download {id} --partial{out}"))
        }
        ExportStatus::Expired => {
            Some("its files have been deleted; to get them again, create a new export".to_owned())
        }
        _ => None,
    }
}

pub(super) fn range(range: &RangeText) -> String {
    let text = of_bounds(range);
    if range.of == "slice" { format!("key {text}") } else { text }
}

fn of_bounds(range: &RangeText) -> String {
    match (&range.start, &range.end) {
        (Some(start), Some(end)) => format!("{start} to {end}"),
        (Some(start), None) => format!("from {start}"),
        (None, Some(end)) => format!("up to {end}"),
        _ if range.of == "null" => "with NULL in the range column".to_owned(),
        _ => "whole".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hint_of_an_incomplete_export_names_the_folder_of_the_command() {
        let ended = |status: &str, done: u32| -> Export {
            let json = json!({
                "id": export::id::ExportId::from_random([7; 16]), "status": status, "acceptedAt": "2024-01-01T00:00:00Z",
                "deadlineAt": "2024-01-02T00:00:00Z", "request": {"datasets": "*"}, "revision": "r",
                "progress": {"chunks": {"done": done, "failed": 1, "reused": 0, "total": 3}, "rows": 5, "bytes": 9, "percent": 5.0},
                "links": {"self": "x", "files": "f", "chunks": "c"},
            });
            serde_json::from_value(json).unwrap()
        };
        let data = Some(Path::new("data"));
        assert!(hint(&ended("failed", 1), data).unwrap().ends_with("--partial --out data"));
        assert!(hint(&ended("failed", 1), None).unwrap().ends_with("--partial"));
        assert!(hint(&ended("canceled", 1), data).unwrap().ends_with("--partial --out data"));
        assert_eq!(hint(&ended("canceled", 0), data), None);
    }
}
