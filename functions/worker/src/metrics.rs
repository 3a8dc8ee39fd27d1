//! Metrics of a finished attempt. A worker that is killed emits none; the lease of its chunk expires.

use export::attempt::Attempt;
use export::file::FileRecord;
use export::state::AttemptOutcome;
use export::usage::Usage;
use ports::metrics::{Metric, put};
use serde_json::Value;

use crate::check::Made;
use crate::error::AttemptError;

/// Counts a message whose chunk could not be leased because the store failed.
pub(crate) fn not_leased() {
    put("worker", &[(Metric::LeasesFailed, 1)], &[]);
}

/// Emits outcome and usage of an attempt. A file is counted when it is recorded: see [`recorded`].
pub(crate) fn ended(attempt: &Attempt, made: &Result<Made, AttemptError>, usage: &Usage) {
    let outcome = match made {
        Ok(Made::File(_)) => None,
        Ok(Made::Unchanged(_)) => Some(AttemptOutcome::Unchanged),
        Err(AttemptError::Lost) => Some(AttemptOutcome::Lost),
        Err(AttemptError::TooLarge { .. }) => Some(AttemptOutcome::Split),
        Err(error) if error.hold().is_some() => Some(AttemptOutcome::BackedOff),
        Err(error) if error.failure().again => Some(AttemptOutcome::Again),
        Err(_) => Some(AttemptOutcome::Failed),
    };
    let is = |one| u64::from(outcome == Some(one));
    let [chunk, number, dataset] = about(attempt);
    put(
        "worker",
        &[
            (Metric::LeasesLost, is(AttemptOutcome::Lost)),
            (Metric::Unchanged, is(AttemptOutcome::Unchanged)),
            (Metric::Splits, is(AttemptOutcome::Split)),
            (Metric::BackOffs, is(AttemptOutcome::BackedOff)),
            (Metric::AttemptsAgain, is(AttemptOutcome::Again)),
            (Metric::AttemptsFailed, is(AttemptOutcome::Failed)),
            (Metric::Waited, usage.waited_ms),
            (Metric::Connect, usage.connect_ms),
            (Metric::Cpu, usage.cpu_ms),
            (Metric::PeakMemory, usage.peak_memory_bytes),
        ],
        &[chunk, number, dataset, ("outcome", outcome.map_or("file", AttemptOutcome::as_str).into())],
    );
}

/// Emits a recorded file and its timings. Attempts without a file emit no timings: zeros would lower every average.
pub(crate) fn recorded(attempt: &Attempt, file: &FileRecord, usage: &Usage) {
    put(
        "worker",
        &[
            (Metric::Files, 1),
            (Metric::Rows, file.rows),
            (Metric::FileBytes, file.bytes),
            (Metric::SourceBytes, file.source_bytes),
            (Metric::FirstRow, usage.first_row_ms),
            (Metric::Read, usage.read_ms),
            (Metric::Encode, usage.encode_ms),
            (Metric::Upload, usage.upload_ms),
        ],
        &about(attempt),
    );
}

/// Counts a file that was written too late.
pub(crate) fn too_late(attempt: &Attempt) {
    put("worker", &[(Metric::LeasesLost, 1)], &about(attempt));
}

fn about(attempt: &Attempt) -> [(&'static str, Value); 3] {
    [
        ("chunk", attempt.chunk.to_string().into()),
        ("attempt", attempt.number.into()),
        ("dataset", attempt.selection.dataset.as_str().into()),
    ]
}
