//! One line per step, so that waiting people see what they wait for.

use std::time::Instant;

/// Starts a step: prints what it does; `done` prints how long it took.
pub(crate) struct Step(Instant);

impl Step {
    pub(crate) fn start(what: &str) -> Self {
        eprintln!("▸ {what}");
        Self(Instant::now())
    }

    /// Ends the step with its result.
    pub(crate) fn done(self, result: &str) {
        eprintln!("  {result} ({:.1} s)", self.0.elapsed().as_secs_f32());
    }
}
