//! What an attempt that has ended tells of itself. A worker that is killed tells nothing: its chunk's lease runs out.

use export::chunk::{Attempt, Usage};
use export::file::FileRecord;
use ports::metrics::{Unit, put};
use serde_json::Value;

use crate::error::AttemptError;

/// Counts a message whose chunk the store could not give.
pub(crate) fn not_leased() {
    put("worker", &[("LeasesFailed", Unit::Count, 1)], &[]);
}

/// What came of an attempt, and what it took. A file counts when it is recorded: see [`recorded`].
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
            ("LeasesLost", Unit::Count, is("lost")),
            ("Splits", Unit::Count, is("split")),
            ("BackOffs", Unit::Count, is("backed_off")),
            ("AttemptsAgain", Unit::Count, is("again")),
            ("AttemptsFailed", Unit::Count, is("failed")),
            ("Waited", Unit::Milliseconds, usage.waited_ms),
            ("Connect", Unit::Milliseconds, usage.connect_ms),
            ("Cpu", Unit::Milliseconds, usage.cpu_ms),
            ("PeakMemory", Unit::Bytes, usage.peak_memory_bytes),
        ],
        &[chunk, number, dataset, ("outcome", outcome.into())],
    );
}

/// A recorded file and the times it took. Attempts without one have none to tell: zeros would lower every average.
pub(crate) fn recorded(attempt: &Attempt, file: &FileRecord, usage: &Usage) {
    put(
        "worker",
        &[
            ("Files", Unit::Count, 1),
            ("Rows", Unit::Count, file.rows),
            ("FileBytes", Unit::Bytes, file.bytes),
            ("SourceBytes", Unit::Bytes, file.source_bytes),
            ("FirstRow", Unit::Milliseconds, usage.first_row_ms),
            ("Read", Unit::Milliseconds, usage.read_ms),
            ("Encode", Unit::Milliseconds, usage.encode_ms),
            ("Upload", Unit::Milliseconds, usage.upload_ms),
        ],
        &about(attempt),
    );
}

/// A file that was made and came too late.
pub(crate) fn too_late(attempt: &Attempt) {
    put("worker", &[("LeasesLost", Unit::Count, 1)], &about(attempt));
}

fn about(attempt: &Attempt) -> [(&'static str, Value); 3] {
    [
        ("chunk", attempt.chunk.to_string().into()),
        ("attempt", attempt.number.into()),
        ("dataset", attempt.selection.dataset.as_str().into()),
    ]
}
