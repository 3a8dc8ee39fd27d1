//! Time limit of an invocation, and the time by which an attempt must stop so that its outcome can be recorded.

use std::time::{Duration, Instant};

/// Time limit of the invocation.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// Start of the invocation.
    pub begun: Instant,
    /// Time left at `begun`.
    pub left: Duration,
}

/// Time reserved at the end for recording the outcome.
const RESERVE: Duration = Duration::from_secs(10);

/// Time at the end of the invocation in which no further attempt to record an outcome is made.
const LAST: Duration = Duration::from_secs(2);

impl Deadline {
    /// Returns the time by which work must stop.
    pub(crate) fn last_call(self) -> Instant {
        self.begun + self.left - RESERVE.min(self.left / 4)
    }

    /// Returns the time after which a failed attempt to record an outcome is not repeated.
    pub(crate) fn last_try(self) -> Instant {
        self.begun + self.left.saturating_sub(LAST)
    }
}
