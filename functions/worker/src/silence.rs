//! Detection of a source that stopped sending.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::pipeline::Gauge;

/// Time since the source last sent anything, counted only while the reader waits for it.
#[derive(Debug)]
pub(crate) struct Silence {
    begun: Instant,
    seen_bytes: AtomicU64,
    /// Milliseconds after `begun`.
    since: AtomicU64,
}

impl Default for Silence {
    fn default() -> Self {
        Self { begun: Instant::now(), seen_bytes: AtomicU64::default(), since: AtomicU64::default() }
    }
}

impl Silence {
    /// Updates the state from the gauge. Called repeatedly while an attempt reads.
    pub(crate) fn watch(&self, gauge: &Gauge) {
        let bytes = gauge.source_bytes();
        if self.seen_bytes.swap(bytes, Ordering::Relaxed) != bytes || gauge.is_blocked() || gauge.ended() {
            self.since.store(self.now(), Ordering::Relaxed);
        }
    }

    /// Returns true if the silence has lasted for an eighth of the function's time.
    pub(crate) fn is_long(&self, deadline: Deadline) -> bool {
        let silent = Duration::from_millis(self.now().saturating_sub(self.since.load(Ordering::Relaxed)));
        silent >= (deadline.left / 8).max(Duration::from_millis(1))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_source_is_not_silent() {
        let long = Deadline { begun: Instant::now(), left: Duration::from_secs(3_600) };
        let short = Deadline { left: Duration::from_millis(8), ..long };
        let (silence, gauge) = (Silence::default(), Gauge::default());
        std::thread::sleep(Duration::from_millis(5));
        silence.watch(&gauge);
        assert!(silence.is_long(short) && !silence.is_long(long));
        // As if bytes had arrived.
        silence.seen_bytes.store(7, Ordering::Relaxed);
        silence.watch(&gauge);
        assert!(silence.since.load(Ordering::Relaxed) >= 5);
    }
}
