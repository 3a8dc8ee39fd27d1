//! What a part of the run was like, and the table of all parts.

use std::time::Duration;

/// What one worker did, in time per step.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Steps {
    pub(super) chunks: u64,
    pub(super) lease: Duration,
    pub(super) note: Duration,
    pub(super) record: Duration,
    pub(super) finish: Duration,
    pub(super) dispatch: Duration,
}

impl Steps {
    pub(super) fn add(&mut self, other: &Self) {
        self.chunks += other.chunks;
        self.lease += other.lease;
        self.note += other.note;
        self.record += other.record;
        self.finish += other.finish;
        self.dispatch += other.dispatch;
    }

    fn total(&self) -> Duration {
        self.lease + self.note + self.record + self.finish + self.dispatch
    }
}

/// One part of the run.
#[derive(Clone, Debug)]
pub(super) struct Window {
    /// Chunks done by its end.
    pub(super) chunks: u64,
    pub(super) steps: Steps,
    /// Time the server spent on all statements, per chunk.
    pub(super) server_ms_per_chunk: f64,
    /// The same, of `dispatch()` alone, per call.
    pub(super) dispatch_server_ms: f64,
    /// Pages of the store that all statements touched, per chunk.
    pub(super) pages_per_chunk: f64,
    pub(super) store_bytes: u64,
    pub(super) process_bytes: u64,
}

/// Prints the table in the form in which it stands in the store's README.
pub(super) fn print(windows: &[Window]) {
    println!(
        "\n| chunks done | ms per chunk | lease | note | record | finish | dispatch | server ms per chunk | of `dispatch()` | pages per chunk | store | process |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for w in windows {
        let per = |d: Duration| d.as_secs_f64() * 1e3 / w.steps.chunks.max(1) as f64;
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.1} MB | {:.1} MB |",
            w.chunks,
            per(w.steps.total()),
            per(w.steps.lease),
            per(w.steps.note),
            per(w.steps.record),
            per(w.steps.finish),
            per(w.steps.dispatch),
            w.server_ms_per_chunk,
            w.dispatch_server_ms,
            w.pages_per_chunk,
            w.store_bytes as f64 / 1e6,
            w.process_bytes as f64 / 1e6,
        );
    }
}
