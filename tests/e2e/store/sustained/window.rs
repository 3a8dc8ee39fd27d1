//! Measurements of a part of the run, and the table of all parts.

use std::time::Duration;

/// Work of one worker, in time per step.
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
    /// Time the server spent on `dispatch()` alone, per call.
    pub(super) dispatch_server_ms: f64,
    /// Pages of the store that all statements touched, per chunk.
    pub(super) pages_per_chunk: f64,
    pub(super) store_bytes: u64,
    pub(super) process_bytes: u64,
}

/// Prints the head of the table in the format of the store's README.
pub(super) fn print_head() {
    println!(
        "\n| chunks done | ms per chunk | lease | note | record | finish | dispatch | server ms per chunk | of `dispatch()` | pages per chunk | store | process |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
}

impl Window {
    /// Prints one line of the table.
    pub(super) fn print(&self) {
        let per = |d: Duration| d.as_secs_f64() * 1e3 / self.steps.chunks.max(1) as f64;
        println!(
            "| {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.1} MB | {:.1} MB |",
            self.chunks,
            per(self.steps.total()),
            per(self.steps.lease),
            per(self.steps.note),
            per(self.steps.record),
            per(self.steps.finish),
            per(self.steps.dispatch),
            self.server_ms_per_chunk,
            self.dispatch_server_ms,
            self.pages_per_chunk,
            self.store_bytes as f64 / 1e6,
            self.process_bytes as f64 / 1e6,
        );
    }
}
