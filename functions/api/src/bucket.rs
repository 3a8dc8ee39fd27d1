//! Token bucket: a rate per second, with a burst.

use std::time::Instant;

/// Refill rate and capacity of a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

/// Tokens left at a point in time. A new bucket is full.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(crate) fn full(pace: Pace, now: Instant) -> Self {
        Self { tokens: pace.burst, at: now }
    }

    pub(crate) fn is_full(&self, pace: Pace, now: Instant) -> bool {
        self.filled(pace, now) >= pace.burst
    }

    /// Takes a token. Without one, returns the number of seconds until there is one.
    pub(crate) fn take(&mut self, pace: Pace, now: Instant) -> Result<(), u32> {
        self.look(pace, now)?;
        *self = Self { tokens: self.filled(pace, now) - 1.0, at: now };
        Ok(())
    }

    /// Checks for a token without taking it. Without one, returns the number of seconds until there is one.
    pub(crate) fn look(&self, pace: Pace, now: Instant) -> Result<(), u32> {
        let tokens = self.filled(pace, now);
        if tokens >= 1.0 { Ok(()) } else { Err(((1.0 - tokens) / pace.per_second).ceil().max(1.0) as u32) }
    }

    fn filled(&self, pace: Pace, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * pace.per_second).min(pace.burst)
    }
}
