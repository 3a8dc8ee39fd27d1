//! Progress of a download: total bytes of all files, and the rate.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::progress::ProgressOutput;
use crate::text::bytes;

/// Progress of all files together.
pub(super) struct Gauge {
    progress: ProgressOutput,
    total: u64,
    /// Bytes present, whatever their origin.
    at: AtomicU64,
    /// Bytes received over the network.
    loaded: AtomicU64,
    since: Instant,
}

/// Progress of one file.
pub(super) struct FileGauge<'a> {
    gauge: &'a Gauge,
    /// Bytes present; `u64::MAX` before the first report.
    last: AtomicU64,
}

impl Gauge {
    pub(super) fn new(total: u64) -> Self {
        let (at, loaded) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { progress: ProgressOutput::new(total), total, at, loaded, since: Instant::now() }
    }

    pub(super) fn file(&self) -> FileGauge<'_> {
        FileGauge { gauge: self, last: AtomicU64::new(u64::MAX) }
    }

    /// Shows the last state, even if only occasional lines are printed.
    pub(super) fn finish(&self) {
        self.progress.finish(|| self.line());
    }

    fn line(&self) -> String {
        let (at, loaded) = (self.at.load(Ordering::Relaxed), self.loaded.load(Ordering::Relaxed));
        line(at, loaded, self.total, self.since.elapsed().as_secs_f64())
    }
}

impl FileGauge<'_> {
    /// Reports the current size of the file. The size in the first report was present before.
    pub(super) fn moved(&self, now: u64) {
        let before = self.last.swap(now, Ordering::Relaxed);
        let known = if before == u64::MAX { 0 } else { before };
        if before != u64::MAX {
            self.gauge.loaded.fetch_add(now.saturating_sub(before), Ordering::Relaxed);
        }
        // Wrapping addition of the difference is exact, even if a file starts over.
        let step = now.wrapping_sub(known);
        let at = self.gauge.at.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        self.gauge.progress.show(at, || self.gauge.line());
    }
}

/// Formats the state. The rate is that of downloaded bytes; hashing existing files does not count.
fn line(at: u64, loaded: u64, total: u64, seconds: f64) -> String {
    let there = format!("{} of {}", bytes(at), bytes(total));
    match loaded {
        0 => format!("{there} already present"),
        _ => format!("{there}, {}/s", bytes((loaded as f64 / seconds.max(0.001)) as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_counts_only_loaded_bytes() {
        let gauge = Gauge::new(3 << 20);
        let (present, resumed) = (gauge.file(), gauge.file());
        present.moved(1 << 20);
        resumed.moved(1 << 20);
        assert_eq!(gauge.line(), "2.00 MiB of 3.00 MiB already present");
        // A partial file that turns out to belong to another file.
        resumed.moved(0);
        resumed.moved(2 << 20);
        assert_eq!(gauge.at.load(Ordering::Relaxed), 3 << 20);
        assert_eq!(gauge.loaded.load(Ordering::Relaxed), 2 << 20);
        assert_eq!(line(3 << 20, 2 << 20, 3 << 20, 2.0), "3.00 MiB of 3.00 MiB, 1.00 MiB/s");
    }
}
