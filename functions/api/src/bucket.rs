//! A token bucket: so many a second, with a burst.

use std::time::Instant;

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

/// Tokens that are left; a new bucket is full.
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

    /// Takes a token; without one, the seconds after which there is one.
    pub(crate) fn take(&mut self, pace: Pace, now: Instant) -> Result<(), u32> {
        self.look(pace, now)?;
        *self = Self { tokens: self.filled(pace, now) - 1.0, at: now };
        Ok(())
    }

    /// Whether there is a token; without one, the seconds after which there is one.
    pub(crate) fn look(&self, pace: Pace, now: Instant) -> Result<(), u32> {
        let tokens = self.filled(pace, now);
        if tokens >= 1.0 { Ok(()) } else { Err(((1.0 - tokens) / pace.per_second).ceil().max(1.0) as u32) }
    }

    fn filled(&self, pace: Pace, now: Instant) -> f64 {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        (self.tokens + since * pace.per_second).min(pace.burst)
    }
}
