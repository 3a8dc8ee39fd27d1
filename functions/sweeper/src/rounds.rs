//! A step that takes several batches, and goes on although some things of them fail.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::sweep::StepError;

/// Most things of one kind in one batch.
pub const BATCH: i64 = 200;

/// After so long what a step has left is for the next sweep, which comes in a minute. There are eight of them, and the
/// function has two minutes; should they all be full, two sweeps work beside each other.
const LONGEST: Duration = Duration::from_secs(20);

/// The rounds of one step.
///
/// What failed is listed again, and first; so that it keeps nothing else waiting, a round asks for more by so many, and
/// leaves them out.
pub(crate) struct Rounds<T> {
    begun: Instant,
    left_out: BTreeSet<T>,
    last: Option<StepError>,
}

impl<T: Clone + Ord> Rounds<T> {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), left_out: BTreeSet::new(), last: None }
    }

    /// How many things to ask the store for.
    pub(crate) fn limit(&self) -> i64 {
        BATCH.saturating_add(i64::try_from(self.left_out.len()).unwrap_or(i64::MAX))
    }

    /// Those of `listed` that are to be done in this round.
    pub(crate) fn next<L>(&self, mut listed: Vec<L>, key: impl Fn(&L) -> T) -> Vec<L> {
        listed.retain(|one| !self.left_out.contains(&key(one)));
        listed
    }

    /// Notes that a thing failed, and why.
    pub(crate) fn failed(&mut self, one: T, error: StepError) {
        tracing::warn!(error = ports::telemetry::chain(&error), "one thing of a step failed");
        self.left_out.insert(one);
        self.last = Some(error);
    }

    /// Notes that a thing was looked at, and may be listed again although nothing is wrong.
    pub(crate) fn seen(&mut self, one: T) {
        self.left_out.insert(one);
    }

    /// Whether there is nothing more to do now, after a round of so many things.
    pub(crate) fn are_over(&self, found: usize) -> bool {
        (found as i64) < BATCH || self.begun.elapsed() > LONGEST
    }

    /// What became of the step.
    pub(crate) fn end(self, done: usize) -> Result<usize, StepError> {
        self.last.map_or(Ok(done), Err)
    }
}

#[cfg(test)]
mod tests {
    use ports::store::StoreError;

    use super::*;

    #[test]
    fn what_fails_keeps_nothing_else_waiting() {
        let mut waiting: Vec<i64> = (0..1000).collect();
        let mut rounds = Rounds::start();
        let mut done = 0;
        loop {
            let listed: Vec<_> = waiting.iter().copied().take(rounds.limit() as usize).collect();
            let now = rounds.next(listed, |one| *one);
            let found = now.len();
            for one in now {
                if one < 300 {
                    rounds.failed(one, StoreError::Busy("a test".into()).into());
                } else {
                    waiting.retain(|other| *other != one);
                    done += 1;
                }
            }
            if rounds.are_over(found) {
                break;
            }
        }
        assert_eq!((done, waiting.len()), (700, 300));
        assert!(rounds.end(done).is_err(), "the step has failed all the same");
    }
}
