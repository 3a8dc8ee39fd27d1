//! Batches of a step, which continues although some of its items fail.

use std::collections::BTreeSet;
use std::time::Instant;

use export::sweep::STEP_TIMEOUT;

use ports::objects::ObjectsError;
use store::StoreError;

/// Maximum number of items of one kind in one batch.
pub const BATCH: i64 = 200;

/// Error of a step.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the bucket failed")]
    Objects(#[from] ObjectsError),
    #[error("finishing an export failed")]
    Finish(#[from] store::finish::FinishError),
}

/// Rounds of one step.
///
/// Failed items are listed again, and first. So that they do not delay the others, a round requests that many more
/// items and skips the failed ones.
pub(crate) struct Rounds<T> {
    begun: Instant,
    left_out: BTreeSet<T>,
    last: Option<StepError>,
}

impl<T: Clone + Ord> Rounds<T> {
    pub(crate) fn start() -> Self {
        Self { begun: Instant::now(), left_out: BTreeSet::new(), last: None }
    }

    /// Returns the number of items to request from the store.
    pub(crate) fn limit(&self) -> i64 {
        BATCH.saturating_add(i64::try_from(self.left_out.len()).unwrap_or(i64::MAX))
    }

    /// Returns the items of `listed` to be done in this round.
    pub(crate) fn next<L>(&self, mut listed: Vec<L>, key: impl Fn(&L) -> T) -> Vec<L> {
        listed.retain(|one| !self.left_out.contains(&key(one)));
        listed
    }

    /// Records that an item failed, and the error.
    pub(crate) fn failed(&mut self, one: T, error: StepError) {
        tracing::warn!(error = ports::telemetry::chain(&error), "one thing of a step failed");
        self.left_out.insert(one);
        self.last = Some(error);
    }

    /// Records an item that was processed and may be listed again although nothing is wrong.
    pub(crate) fn seen(&mut self, one: T) {
        self.left_out.insert(one);
    }

    /// Returns true if nothing more is to be done now, after a round that found this many items.
    pub(crate) fn are_over(&self, found: usize) -> bool {
        (found as i64) < BATCH || self.begun.elapsed() > STEP_TIMEOUT
    }

    /// Returns the result of the step.
    pub(crate) fn end(self, done: usize) -> Result<usize, StepError> {
        self.last.map_or(Ok(done), Err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_items_do_not_block_others() {
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
