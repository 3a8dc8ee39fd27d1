//! Metrics of a finished attempt. A worker that is killed emits none; the lease of its chunk expires.

use export::chunk::{Attempt, Usage};
use export::file::FileRecord;
use ports::metrics::{Metric, put};
use serde_json::Value;

use crate::error::AttemptError;

/// Counts a message whose chunk could not be leased because the store failed.
pub(crate) fn not_leased() {
    put("worker", &[(Metric::LeasesFailed, 1)], &[]);
}

/// Emits outcome and usage of an attempt. A file is counted when it is recorded: see [`recorded`].
pub(crate) fn ended(attempt: &Attempt, made: &Result<FileRecord, AttemptError>, usage: &Usage) {
    let outcome = match made {
        Ok(_) => "file",
        Err(AttemptError::Lost) => "lost",
        Err(AttemptError::TooLarge { .. }) => "split",
        Err(error) if error.hold().is_some() => "backed_off",
        Err(error) if error.failure().again => "again",
        Err(_) => "failed",
    };
    let is = |word: &str| u64::from(outcome == word);
    let [chunk, number, dataset] = about(attempt);
    put(
        "worker",
        &[
            (Metric::LeasesLost, is("lost")),
            (Metric::Splits, is("split")),
            (Metric::BackOffs, is("backed_off")),
            (Metric::AttemptsAgain, is("again")),
            (Metric::AttemptsFailed, is("failed")),
            (Metric::Waited, usage.waited_ms),
            (Metric::Connect, usage.connect_ms),
            (Metric::Cpu, usage.cpu_ms),
            (Metric::PeakMemory, usage.peak_memory_bytes),
        ],
        &[chunk, number, dataset, ("outcome", outcome.into())],
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
