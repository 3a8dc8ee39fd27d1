//! Exports that must end, and exports whose files must be removed.

use export::id::ExportId;
use store::StoreError;
use store::finish::FinishError;

use crate::Context;
use crate::rounds::{Rounds, StepError};

/// Kind of work on exports.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// Fails live exports that are past their deadline.
    EndOverdue,
    /// Finishes live exports that have nothing left to read.
    Finish,
    /// Expires ended exports whose retention is over.
    Expire,
    /// Removes canceled exports that never had a file.
    RemoveCanceled,
}

impl Work {
    async fn list(self, context: &Context, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        match self {
            Self::EndOverdue => context.store.past_deadline(limit).await,
            Self::Finish => context.store.unfinished(limit).await,
            Self::Expire => context.store.to_expire(limit).await,
            Self::RemoveCanceled => context.store.without_files(limit).await,
        }
    }

    /// Returns true if the store may list an export again after this work although nothing is wrong.
    fn is_listed_again(self) -> bool {
        matches!(self, Self::EndOverdue | Self::Finish)
    }

    /// Does the work for one export. Returns true if it was still needed.
    async fn run(self, context: &Context, export: ExportId) -> Result<bool, StepError> {
        match self {
            Self::EndOverdue => end(context, export).await,
            Self::Finish => Ok(finish(context, export).await.map(|()| true)?),
            Self::Expire => Ok(context.store.expire(export).await?),
            Self::RemoveCanceled => Ok(context.store.remove_canceled(export).await?),
        }
    }
}

async fn end(context: &Context, export: ExportId) -> Result<bool, StepError> {
    // An export that was completed just in time succeeds.
    finish(context, export).await?;
    let ended = context.store.end_at_deadline(export).await?;
    if !ended {
        // Its last chunk may have been recorded between the two calls.
        finish(context, export).await?;
    }
    Ok(ended)
}

async fn finish(context: &Context, export: ExportId) -> Result<(), FinishError> {
    store::finish::run(&context.store, &*context.objects, export).await.map(drop)
}

/// Does the work for all exports that need it. Returns the number of exports done. It continues while there are more:
/// many small exports accepted on one day all expire at once a week later.
pub(crate) async fn each(context: &Context, work: Work) -> Result<usize, StepError> {
    let (mut rounds, mut done) = (Rounds::start(), 0);
    loop {
        let some = rounds.next(work.list(context, rounds.limit()).await?, ExportId::clone);
        let found = some.len();
        for export in some {
            if work.is_listed_again() {
                rounds.seen(export);
            }
            match work.run(context, export).await {
                Ok(now) => done += usize::from(now),
                Err(error) => rounds.failed(export, error),
            }
        }
        if rounds.are_over(found) {
            return rounds.end(done);
        }
    }
}
