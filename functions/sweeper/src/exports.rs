//! Exports that are to end, and exports whose files are to go.

use export::id::ExportId;

use crate::Context;
use crate::rounds::Rounds;
use crate::sweep::StepError;

/// Fails live exports that are past their deadline; answers how many.
pub(crate) async fn end_overdue(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut ended) = (Rounds::start(), 0);
    loop {
        let due = rounds.next(context.store.past_deadline(rounds.limit()).await?, ExportId::clone);
        let found = due.len();
        for export in due {
            rounds.seen(export);
            match end(context, export).await {
                Ok(now) => ended += usize::from(now),
                Err(error) => rounds.failed(export, error),
            }
        }
        if rounds.are_over(found) {
            return rounds.end(ended);
        }
    }
}

async fn end(context: &Context, export: ExportId) -> Result<bool, StepError> {
    // An export of which everything is done just in time succeeds.
    ports::finish::run(&context.store, &*context.objects, export).await?;
    let ended = context.store.end_at_deadline(export).await?;
    if !ended {
        // Its last chunk may have been recorded between the two.
        ports::finish::run(&context.store, &*context.objects, export).await?;
    }
    Ok(ended)
}

/// Finishes live exports of which nothing is left to read; answers how many were looked at.
pub(crate) async fn finish(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut finished) = (Rounds::start(), 0);
    loop {
        let over = rounds.next(context.store.unfinished(rounds.limit()).await?, ExportId::clone);
        let found = over.len();
        for export in over {
            rounds.seen(export);
            match ports::finish::run(&context.store, &*context.objects, export).await {
                Ok(()) => finished += 1,
                Err(error) => rounds.failed(export, error.into()),
            }
        }
        if rounds.are_over(found) {
            return rounds.end(finished);
        }
    }
}

/// Lets go of ended exports whose time is over. Goes on while there are more: a day of many small exports ends a week later,
/// all at once.
pub(crate) async fn expire(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut expired) = (Rounds::start(), 0);
    loop {
        let due = rounds.next(context.store.to_expire(rounds.limit()).await?, ExportId::clone);
        let found = due.len();
        for export in due {
            match context.store.expire(export).await {
                Ok(now) => expired += usize::from(now),
                Err(error) => rounds.failed(export, error.into()),
            }
        }
        if rounds.are_over(found) {
            return rounds.end(expired);
        }
    }
}

/// Removes canceled exports that never had a file; answers how many.
pub(crate) async fn remove_canceled(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut removed) = (Rounds::start(), 0);
    loop {
        let found = rounds.next(context.store.without_files(rounds.limit()).await?, ExportId::clone);
        let listed = found.len();
        for export in found {
            match context.store.remove_canceled(export).await {
                Ok(now) => removed += usize::from(now),
                Err(error) => rounds.failed(export, error.into()),
            }
        }
        if rounds.are_over(listed) {
            return rounds.end(removed);
        }
    }
}
