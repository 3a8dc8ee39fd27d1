//! What an attempt tells of itself, whatever came of it.

use export::chunk::{Attempt, Usage};
use export::file::FileRecord;
use ports::metrics::{Unit, put};

use crate::error::AttemptError;

/// Writes one line of metrics.
pub(crate) fn report(attempt: &Attempt, made: &Result<FileRecord, AttemptError>, usage: &Usage) {
    let outcome = match made {
        Ok(_) => "file",
        Err(AttemptError::Lost) => "lost",
        Err(AttemptError::Busy(_)) => "backed_off",
        Err(AttemptError::TooLarge { .. }) => "split",
        Err(error) if error.failure().again => "again",
        Err(_) => "failed",
    };
    let is = |word: &str| u64::from(outcome == word);
    let file = made.as_ref().ok();
    let of = |count: fn(&FileRecord) -> u64| file.map_or(0, count);
    put(
        "worker",
        &[
            ("Files", Unit::Count, is("file")),
            ("LeasesLost", Unit::Count, is("lost")),
            ("Splits", Unit::Count, is("split")),
            ("BackOffs", Unit::Count, is("backed_off")),
            ("AttemptsAgain", Unit::Count, is("again")),
            ("AttemptsFailed", Unit::Count, is("failed")),
            ("Rows", Unit::Count, of(|file| file.rows)),
            ("FileBytes", Unit::Bytes, of(|file| file.bytes)),
            ("SourceBytes", Unit::Bytes, of(|file| file.source_bytes)),
            ("Waited", Unit::Milliseconds, usage.waited_ms),
            ("Connect", Unit::Milliseconds, usage.connect_ms),
            ("FirstRow", Unit::Milliseconds, usage.first_row_ms),
            ("Read", Unit::Milliseconds, usage.read_ms),
            ("Encode", Unit::Milliseconds, usage.encode_ms),
            ("Upload", Unit::Milliseconds, usage.upload_ms),
            ("Cpu", Unit::Milliseconds, usage.cpu_ms),
            ("PeakMemory", Unit::Bytes, usage.peak_memory_bytes),
        ],
        &[
            ("chunk", attempt.chunk.to_string().into()),
            ("attempt", attempt.number.into()),
            ("dataset", attempt.selection.dataset.as_str().into()),
            ("outcome", outcome.into()),
        ],
    );
}
