//! Limit on the rate of downloads, shared by all files.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Turns of downloads: after each piece, the next one waits until the rate allows it.
#[derive(Debug)]
pub(super) struct Pacer {
    bytes_per_second: u64,
    /// Time from which the next piece may be read.
    free: Mutex<Instant>,
}

impl Pacer {
    /// Creates a pacer for a rate of at least one byte per second.
    pub(super) fn new(bytes_per_second: u64) -> Self {
        Self { bytes_per_second: bytes_per_second.max(1), free: Mutex::new(Instant::now()) }
    }

    /// Counts received bytes, and returns the time to wait before more are read.
    pub(super) fn take(&self, bytes: usize, now: Instant) -> Duration {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let cost = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        // Unused time is not saved up: it would be followed by a burst.
        *free = (*free).max(now) + cost;
        free.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_all_files_share_the_rate() {
        let (pacer, now) = (Pacer::new(1000), Instant::now());
        assert_eq!(pacer.take(500, now), Duration::from_millis(500));
        assert_eq!(pacer.take(500, now), Duration::from_millis(1000));
        let later = now + Duration::from_secs(60);
        assert_eq!(pacer.take(1000, later), Duration::from_secs(1));
    }
}
