//! One sweep: each step on its own, so that one that fails does not keep the others from their work.

use std::future::Future;
use std::time::{Duration, Instant};

use export::chunk::chunk_prefix;
use export::id::ExportId;
use ports::fault::Point;
use ports::metrics::{Unit, put};
use ports::objects::{Objects, ObjectsError};
use ports::store::StoreError;
use serde::Serialize;
use tokio::task::JoinSet;

use crate::Context;

/// Most things of one kind in one sweep, or in one step of those that take several; the rest is for the next.
pub const BATCH: i64 = 200;

/// Prefixes below which is deleted at once.
const AT_ONCE: usize = 16;

/// After so long what such a step has left is for the next sweep, which comes in a minute. There are five of them, and the
/// function has two minutes; should they be full, two sweeps work beside each other.
const LONGEST: Duration = Duration::from_secs(20);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Messages that went out.
    pub dispatched: usize,
    /// Exports that were past their deadline.
    pub past_deadline: usize,
    /// Exports that were over and had not been finished.
    pub finished: usize,
    /// Exports whose files go now.
    pub expired: usize,
    /// Chunks whose objects were deleted.
    pub chunks_emptied: usize,
    /// Beginnings of keys below which everything was deleted.
    pub litter_swept: usize,
    /// Datasets whose estimates were taken anew.
    pub estimates_taken: usize,
    /// Steps that failed; the log says why.
    pub failed_steps: usize,
}

#[derive(Debug, thiserror::Error)]
enum StepError {
    #[error("the store failed")]
    Store(#[from] StoreError),
    #[error("the bucket failed")]
    Objects(#[from] ObjectsError),
    #[error("finishing an export failed")]
    Finish(#[from] ports::finish::FinishError),
}

/// Sweeps once. Safe to run at any time, also beside another sweep.
pub async fn sweep(context: &Context) -> Report {
    let mut report = Report::default();
    // First what others wait for, then what only takes room.
    report.past_deadline = step(&mut report, "deadlines", deadlines(context)).await;
    report.dispatched = step(&mut report, "dispatch", async {
        Ok(ports::dispatch::run(&context.store, &*context.queue).await?)
    })
    .await;
    step(&mut report, "backlog", backlog(context)).await;
    report.finished = step(&mut report, "finish", finish(context)).await;
    report.expired = step(&mut report, "expire", expire(context)).await;
    step(&mut report, "canceled", canceled(context)).await;
    step(&mut report, "release", release(context)).await;
    report.chunks_emptied = step(&mut report, "chunks", empty_chunks(context)).await;
    report.litter_swept = step(&mut report, "litter", sweep_litter(context)).await;
    step(&mut report, "prune", async { Ok(context.store.prune().await.map(|()| 0)?) }).await;
    // Last, when chunks that were due have gone out: it is done only while none runs.
    report.estimates_taken =
        step(&mut report, "estimates", async { Ok(crate::estimates::take(context).await?) }).await;
    // No step's failure is the function's: the others are done all the same. So it is told here, and an alarm listens.
    put("sweeper", &[("StepsFailed", Unit::Count, report.failed_steps as u64)], &[]);
    tracing::info!(?report, "swept");
    report
}

async fn step(
    report: &mut Report,
    name: &str,
    work: impl Future<Output = Result<usize, StepError>>,
) -> usize {
    match work.await {
        Ok(done) => done,
        Err(error) => {
            report.failed_steps += 1;
            tracing::error!(
                step = name,
                error = ports::telemetry::chain(&error),
                "a step of the sweep failed"
            );
            0
        }
    }
}

/// Tells what waits and what is being read: an alarm listens to the oldest.
async fn backlog(context: &Context) -> Result<usize, StepError> {
    let now = context.store.backlog().await?;
    put(
        "sweeper",
        &[
            ("OldestDue", Unit::Milliseconds, now.oldest_due_ms),
            ("ChunksSent", Unit::Count, now.sent),
            ("ChunksRunning", Unit::Count, now.running),
        ],
        &[],
    );
    Ok(0)
}

async fn deadlines(context: &Context) -> Result<usize, StepError> {
    let (mut ended, mut last) = (0, None);
    for export in context.store.past_deadline(BATCH).await? {
        match end(context, export).await {
            Ok(now) => ended += usize::from(now),
            // One export that cannot be ended must not keep the others waiting.
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(ended), Err)
}

async fn end(context: &Context, export: ExportId) -> Result<bool, StepError> {
    // An export of which everything is done just in time succeeds.
    ports::finish::run(&context.store, &*context.objects, export).await?;
    Ok(context.store.end_at_deadline(export).await?)
}

async fn finish(context: &Context) -> Result<usize, StepError> {
    let exports = context.store.unfinished(BATCH).await?;
    let mut last = None;
    let mut finished = 0;
    for export in exports {
        match ports::finish::run(&context.store, &*context.objects, export).await {
            Ok(()) => finished += 1,
            // One export that cannot be finished must not keep the others waiting.
            Err(error) => last = Some(error),
        }
    }
    last.map_or(Ok(finished), |error| Err(error.into()))
}

/// Goes on while there are more, as [`empty_chunks`] does: a day of many small exports ends a week later, all at once.
async fn expire(context: &Context) -> Result<usize, StepError> {
    let (begun, mut expired) = (Instant::now(), 0);
    loop {
        let due = context.store.to_expire(BATCH).await?;
        let found = due.len();
        for export in due {
            expired += usize::from(context.store.expire(export).await?);
        }
        if is_over(found, begun) {
            return Ok(expired);
        }
    }
}

/// Removes canceled exports that never had a file.
async fn canceled(context: &Context) -> Result<usize, StepError> {
    let (begun, mut removed) = (Instant::now(), 0);
    loop {
        let found = context.store.without_files(BATCH).await?;
        let mut last = None;
        for export in &found {
            match context.store.remove_canceled(*export).await {
                Ok(now) => removed += usize::from(now),
                // One export that cannot be removed must not keep the others waiting.
                Err(error) => last = Some(error),
            }
        }
        if let Some(error) = last {
            return Err(error.into());
        }
        if is_over(found.len(), begun) {
            return Ok(removed);
        }
    }
}

/// Whether a step that takes several batches ends after one of so many things.
fn is_over(found: usize, begun: Instant) -> bool {
    (found as i64) < BATCH || begun.elapsed() > LONGEST
}

async fn release(context: &Context) -> Result<usize, StepError> {
    let (begun, mut released) = (Instant::now(), 0);
    loop {
        let found = context.store.release_unused(BATCH).await?;
        released += found;
        if is_over(found, begun) {
            return Ok(released);
        }
    }
}

/// Deletes the objects of chunks that nobody wants; a chunk's row goes once its prefix was found empty
/// and no attempt can write to it any more. Goes on while there are more: what a busy day leaves must not take
/// days to go.
async fn empty_chunks(context: &Context) -> Result<usize, StepError> {
    let (begun, mut emptied) = (Instant::now(), 0);
    loop {
        let dying = context.store.dying(BATCH).await?;
        let (mut gone, mut waiting) = (Vec::new(), Vec::new());
        for some in dying.chunks(AT_ONCE) {
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
                let found = found?;
                emptied += usize::from(found > 0);
                context.store.faults().crash(Point::Emptied);
                if one.quiet && found == 0 { gone.push(one.chunk) } else { waiting.push(one.chunk) }
            }
        }
        context.store.emptied(&waiting).await?;
        context.store.forget(&gone).await?;
        if is_over(dying.len(), begun) {
            return Ok(emptied);
        }
    }
}

async fn sweep_litter(context: &Context) -> Result<usize, StepError> {
    let (begun, mut swept) = (Instant::now(), 0);
    loop {
        let litter = context.store.due_litter(BATCH).await?;
        for some in litter.chunks(AT_ONCE) {
            let mut deleting = JoinSet::new();
            for one in some.iter().cloned() {
                let objects = context.objects.clone();
                deleting.spawn(async move { delete_below(&*objects, &one.prefix).await.map(|_| one) });
            }
            while let Some(deleted) = deleting.join_next().await {
                let Ok(deleted) = deleted else { continue };
                context.store.swept(&deleted?).await?;
                swept += 1;
            }
        }
        if is_over(litter.len(), begun) {
            return Ok(swept);
        }
    }
}

/// Deletes all objects and aborts all unfinished uploads below `prefix`; answers how many objects there were.
async fn delete_below(objects: &dyn Objects, prefix: &str) -> Result<usize, ObjectsError> {
    objects.abort_uploads(prefix).await?;
    let mut found = 0;
    loop {
        // What was listed is deleted, so the next page is again the first.
        let page = objects.list(prefix, None).await?;
        if page.keys.is_empty() {
            return Ok(found);
        }
        found += page.keys.len();
        objects.delete(&page.keys).await?;
    }
}
