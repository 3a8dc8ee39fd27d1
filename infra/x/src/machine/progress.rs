//! Progress output with one line per step.

use std::time::Instant;

/// A running step. `start` prints its description, `done` prints its duration.
pub(crate) struct Step(Instant);

impl Step {
    pub(crate) fn start(what: &str) -> Self {
        eprintln!("▸ {what}");
        Self(Instant::now())
    }

    /// Ends the step and prints its result.
    pub(crate) fn done(self, result: &str) {
        eprintln!("  {result} ({:.1} s)", self.0.elapsed().as_secs_f32());
    }
}
