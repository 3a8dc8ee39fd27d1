//! Removal of chunks and objects.

use export::object_key::chunk_prefix;
use export::sweep::PREFIXES_AT_ONCE;
use ports::fault::Point;
use ports::objects::{Objects, ObjectsError};
use tokio::task::JoinSet;

use crate::Context;
use crate::rounds::{BATCH, Rounds, StepError};

/// Days for which events are kept.
const EVENT_DAYS: i64 = 30;

/// Releases settled chunks that have not been used for a long time. Returns the number of chunks checked.
pub(crate) async fn release(context: &Context) -> Result<usize, StepError> {
    let (rounds, mut released) = (Rounds::<()>::start(), 0);
    loop {
        let found = context.store.release_unused(BATCH).await?;
        released += found;
        if rounds.are_over(found) {
            return rounds.end(released);
        }
    }
}

/// Removes rows of exports long expired and of selections without chunks. Returns the number of selections removed.
pub(crate) async fn prune(context: &Context) -> Result<usize, StepError> {
    let (rounds, mut pruned) = (Rounds::<()>::start(), 0);
    loop {
        let gone = context.store.prune(BATCH).await?;
        pruned += gone;
        if rounds.are_over(gone) {
            return rounds.end(pruned);
        }
    }
}

/// Deletes old events.
pub(crate) async fn prune_events(context: &Context) -> Result<usize, StepError> {
    let (rounds, mut pruned) = (Rounds::<()>::start(), 0);
    loop {
        let gone = context.store.prune_events(BATCH, EVENT_DAYS).await?;
        pruned += gone;
        if rounds.are_over(gone) {
            return rounds.end(pruned);
        }
    }
}

/// Deletes the tenants' use of days that are long ago. The next sweep continues.
pub(crate) async fn forget_use(context: &Context) -> Result<usize, StepError> {
    let forgotten = context.store.forget_old_use(BATCH).await?;
    Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
}

/// Deletes runs of saved exports that are long ago.
pub(crate) async fn forget_runs(context: &Context) -> Result<usize, StepError> {
    let (rounds, mut forgotten) = (Rounds::<()>::start(), 0);
    loop {
        let gone = usize::try_from(context.store.forget_runs(BATCH).await?).unwrap_or(usize::MAX);
        forgotten += gone;
        if rounds.are_over(gone) {
            return rounds.end(forgotten);
        }
    }
}

/// Deletes the objects of chunks that are no longer needed. The row of a chunk is removed once its prefix was found
/// empty and no attempt can write to it any more. It continues while there are more: the chunks of a busy day must
/// not take days to remove.
pub(crate) async fn empty_chunks(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut emptied) = (Rounds::start(), 0);
    loop {
        let chunks = rounds.next(context.store.deleting_chunks(rounds.limit()).await?, |one| one.chunk);
        let (mut gone, mut waiting) = (Vec::new(), Vec::new());
        for some in chunks.chunks(PREFIXES_AT_ONCE) {
            let mut deleting = JoinSet::new();
            for one in some.iter().cloned() {
                let objects = context.objects.clone();
                deleting.spawn(async move {
                    let found = delete_below(&*objects, &chunk_prefix(&one.tenant, one.chunk)).await;
                    (one, found)
                });
            }
            while let Some(deleted) = deleting.join_next().await {
                let Ok((one, found)) = deleted else { continue };
                let found = match found {
                    Ok(found) => found,
                    Err(error) => {
                        rounds.failed(one.chunk, error.into());
                        continue;
                    }
                };
                emptied += usize::from(found > 0);
                context.store.faults().crash(Point::Emptied);
                if one.quiet && found == 0 { gone.push(one.chunk) } else { waiting.push(one.chunk) }
            }
        }
        context.store.emptied(&waiting).await?;
        context.store.forget(&gone).await?;
        if rounds.are_over(chunks.len()) {
            return rounds.end(emptied);
        }
    }
}

/// Deletes orphaned objects of attempts and exports in the bucket. Returns the number of prefixes swept.
pub(crate) async fn sweep_orphans(context: &Context) -> Result<usize, StepError> {
    let (mut rounds, mut swept) = (Rounds::start(), 0);
    loop {
        let orphans = rounds.next(context.store.due_orphans(rounds.limit()).await?, |one| one.prefix.clone());
        for some in orphans.chunks(PREFIXES_AT_ONCE) {
            let mut deleting = JoinSet::new();
            for one in some.iter().cloned() {
                let objects = context.objects.clone();
                deleting.spawn(async move {
                    let deleted = delete_below(&*objects, &one.prefix).await;
                    (one, deleted)
                });
            }
            while let Some(deleted) = deleting.join_next().await {
                let Ok((one, deleted)) = deleted else { continue };
                let noted = match deleted {
                    Ok(_) => context.store.swept(&one).await.map_err(StepError::from),
                    Err(error) => Err(error.into()),
                };
                match noted {
                    Ok(()) => swept += 1,
                    Err(error) => rounds.failed(one.prefix, error),
                }
            }
        }
        if rounds.are_over(orphans.len()) {
            return rounds.end(swept);
        }
    }
}

/// Deletes all objects and aborts all unfinished uploads below `prefix`. Returns the number of objects found.
async fn delete_below(objects: &dyn Objects, prefix: &str) -> Result<usize, ObjectsError> {
    objects.abort_uploads(prefix).await?;
    let mut found = 0;
    loop {
        // The listed objects are deleted, so the next page is the first again.
        let page = objects.list(prefix, None).await?;
        if page.keys.is_empty() {
            return Ok(found);
        }
        found += page.keys.len();
        objects.delete(&page.keys).await?;
    }
}

#[cfg(test)]
mod tests {
    use export::sweep::{DELETES_PER_PREFIX, LISTS_PER_PREFIX};
    use ports::objects::{MemoryObjects, Meta};

    use super::*;

    #[tokio::test]
    async fn emptying_a_prefix_takes_the_requests_that_the_price_counts() {
        let bucket = MemoryObjects::default();
        let meta = Meta { content_type: "text/csv".into(), download_name: None, immutable: true };
        bucket.put("t/a/c/1/1.csv", "x".into(), &meta).await.unwrap();
        // A chunk is removed once a pass has found nothing.
        while delete_below(&bucket, "t/a/c/1/").await.unwrap() > 0 {}
        assert_eq!(bucket.requests(), (LISTS_PER_PREFIX, DELETES_PER_PREFIX));
    }
}
