//! Conversion of store records to the wire format. No decisions are made here.

use export::delivery::DeliveryFailure;
use export::manifest::rfc3339;
use export::proof::Verified;
use export::state::ExportStatus;
use export::wire;
use store::{AttemptDetail, ChunkDetail, ChunkError, ExportCut, ExportDelivery, ExportState, ProgressCounts};

use crate::documents::MANIFEST_SCHEMA;
use ports::clock::now_micros;

/// Minimum share of completed work for an ETA to be shown.
const ETA_FROM_SHARE: f64 = 0.05;

pub(crate) fn export(state: &ExportState) -> wire::Export {
    let this = format!("exports/{}", state.id);
    let live = state.status.is_live();
    wire::Export {
        id: state.id,
        status: state.status,
        accepted_at: rfc3339(state.accepted_micros),
        started_at: state.started_micros.map(rfc3339),
        ended_at: state.ended_micros.map(rfc3339),
        expires_at: state.expires_micros.map(rfc3339),
        deadline_at: rfc3339(state.deadline_micros),
        request: state.request.clone(),
        samples: state.heads.iter().filter_map(|head| Some((head.name.clone(), head.sample?))).collect(),
        revision: state.revision_id.clone(),
        progress: progress(&state.progress, state.status),
        running: (live && state.progress.chunks_running > 0).then_some(wire::Running {
            chunks: state.progress.chunks_running,
            planned_rows: state.progress.running_rows,
            planned_bytes: state.progress.running_bytes,
        }),
        eta_seconds: if live { eta_secs(&state.progress, state.started_micros, now_micros()) } else { None },
        queue_position: state.queue_position,
        delivery: state.delivery.as_ref().map(delivery),
        errors: state.errors.iter().map(|error| chunk_error(error, state)).collect(),
        paused: (live && state.paused)
            .then(|| "the operator has paused all exports; deadlines are suspended".to_owned()),
        back_off: state.back_off.as_ref().filter(|_| live).map(|held| wire::BackOff {
            signal: held.hold.signal,
            reason: format!(
                "{}; the export continues automatically when the condition ends",
                held.hold.reason
            ),
            // Not before the export itself was accepted: the condition may have affected other exports first.
            since: rfc3339(held.since_micros.max(state.accepted_micros)),
            until: rfc3339(held.until_micros),
        }),
        snapshot: state.cut.as_ref().map(|cut| snapshot(cut, live)),
        links: wire::Links {
            files: format!("{this}/files"),
            chunks: format!("{this}/chunks"),
            manifest: state.manifest_key.as_ref().map(|_| format!("{this}/manifest")),
            manifest_schema: MANIFEST_SCHEMA.to_owned(),
            this,
        },
    }
}

fn snapshot(cut: &ExportCut, live: bool) -> wire::SnapshotState {
    wire::SnapshotState {
        as_of: cut.point.as_ref().map(|point| rfc3339(point.as_of_micros)),
        lsn: cut.point.as_ref().and_then(|point| point.lsn.clone()),
        waiting: live && cut.waits,
        losses: cut.losses,
    }
}

fn delivery(delivery: &ExportDelivery) -> wire::Delivery {
    let error = |failure: &DeliveryFailure| wire::DeliveryError {
        code: failure.code,
        message: failure.message.clone(),
        remedy: failure.code.remedy().to_owned(),
        at: rfc3339(failure.at_micros),
    };
    wire::Delivery {
        destination: delivery.destination.clone(),
        state: delivery.state,
        files_total: delivery.files_total,
        files_done: delivery.files_done,
        bytes_done: delivery.bytes_done,
        manifest: delivery.manifest.clone(),
        delivered_at: delivery.delivered_micros.map(rfc3339),
        next_attempt_at: delivery.next_micros.map(rfc3339),
        errors: delivery.errors.iter().map(error).collect(),
    }
}

fn progress(progress: &ProgressCounts, status: ExportStatus) -> wire::Progress {
    wire::Progress {
        chunks: wire::ChunkCounts {
            done: progress.chunks_done,
            failed: progress.chunks_failed,
            reused: progress.chunks_reused,
            unchanged: progress.chunks_unchanged,
            total: progress.chunks_total,
        },
        rows: progress.rows,
        bytes: progress.bytes,
        oldest_as_of: progress.oldest_micros.map(rfc3339),
        percent: if status == ExportStatus::Succeeded { 100.0 } else { percent(progress) },
        current_datasets: progress.current.clone(),
    }
}

/// Rounded down to a tenth, so that 100 is shown only if nothing is left.
fn percent(progress: &ProgressCounts) -> f64 {
    (share(progress) * 1000.0).floor() / 10.0
}

fn share(progress: &ProgressCounts) -> f64 {
    if progress.weight_total == 0 { 0.0 } else { progress.weight_done as f64 / progress.weight_total as f64 }
}

/// Returns the seconds until the end, if the remaining work proceeds at the rate so far.
fn eta_secs(progress: &ProgressCounts, started_micros: Option<i64>, now_micros: i64) -> Option<u64> {
    let share = share(progress);
    let elapsed_secs = now_micros.checked_sub(started_micros?)? as f64 / 1e6;
    let known = elapsed_secs >= 0.0 && (ETA_FROM_SHARE..1.0).contains(&share);
    known.then(|| (elapsed_secs * (1.0 - share) / share).ceil() as u64)
}

fn chunk_error(error: &ChunkError, state: &ExportState) -> wire::ChunkError {
    let head = state.heads.iter().find(|head| head.name == error.dataset);
    wire::ChunkError {
        dataset: error.dataset.clone(),
        range: error.range.text(),
        attempts: error.attempts,
        code: error.failure.code.clone(),
        message: error.failure.message.clone(),
        file: head.map(|head| head.naming().name(&error.range)),
    }
}

pub(crate) fn chunk(chunk: &ChunkDetail) -> wire::ChunkEntry {
    let attempts: Vec<_> = chunk.attempts.iter().map(attempt).collect();
    let wrote = chunk.file.as_ref().map(|file| file.attempt);
    wire::ChunkEntry {
        id: chunk.id,
        dataset: chunk.dataset.clone(),
        range: chunk.range.text(),
        state: chunk.state,
        attempt: chunk.attempt,
        usage: attempts.iter().find(|a| Some(a.number) == wrote).and_then(|a| a.usage.clone()),
        attempts,
        rows: chunk.file.as_ref().map(|file| file.rows),
        bytes: chunk.file.as_ref().map(|file| file.bytes),
        reused: chunk.reused,
        verified: verified(chunk),
        as_of: chunk.as_of_micros.map(rfc3339),
        planned_rows: chunk.planned_rows,
        planned_bytes: chunk.planned_bytes,
    }
}

fn verified(chunk: &ChunkDetail) -> Option<Verified> {
    chunk.unchanged.then_some(Verified::Unchanged)
}

fn attempt(attempt: &AttemptDetail) -> wire::AttemptEntry {
    wire::AttemptEntry {
        number: attempt.number,
        started_at: rfc3339(attempt.started_micros),
        ended_at: attempt.ended_micros.map(rfc3339),
        outcome: attempt.outcome,
        reason: attempt.failure.as_ref().map(|failure| failure.message.clone()),
        usage: attempt.usage.clone(),
    }
}

/// Returns the file of a chunk. A chunk without rows has none.
pub(crate) fn file(chunk: &ChunkDetail) -> Option<wire::FileEntry> {
    let file = chunk.file.as_ref()?;
    Some(wire::FileEntry {
        name: chunk.name.clone(),
        dataset: chunk.dataset.clone(),
        range: chunk.range.text(),
        rows: file.rows,
        bytes: file.bytes,
        sha256: file.sha256.clone()?,
        as_of: rfc3339(chunk.as_of_micros?),
        reused: chunk.reused,
        verified: verified(chunk),
        link: None,
        link_expires_at: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn done(weight_done: u64) -> ProgressCounts {
        ProgressCounts { weight_total: 1000, weight_done, ..ProgressCounts::default() }
    }

    #[test]
    fn eta_is_given_once_enough_is_done() {
        assert_eq!(eta_secs(&done(40), Some(0), 60_000_000), None);
        assert_eq!(eta_secs(&done(250), Some(0), 60_000_000), Some(180));
        assert_eq!(eta_secs(&done(250), None, 60_000_000), None);
        assert_eq!(eta_secs(&done(1000), Some(0), 60_000_000), None);
    }

    #[test]
    fn progress_is_100_percent_only_at_the_end() {
        assert_eq!(
            percent(&ProgressCounts {
                weight_total: 100_000,
                weight_done: 99_999,
                ..ProgressCounts::default()
            }),
            99.9
        );
        assert_eq!(percent(&done(1000)), 100.0);
        assert_eq!(percent(&ProgressCounts::default()), 0.0);
    }
}
