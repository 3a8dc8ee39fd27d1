//! One sweep: each step on its own, so that one that fails does not keep the others from their work.

use ports::metrics::{Unit, put};
use ports::objects::ObjectsError;
use ports::store::StoreError;
use serde::Serialize;

use crate::exports::{Work, each};
use crate::{Context, removal};

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Messages that went out.
    pub dispatched: usize,
    /// Exports that were past their deadline.
    pub past_deadline: usize,
    /// Invariants of the store that do not hold; the log names them.
    pub invariants_broken: usize,
    /// Links and turns that were put right.
    pub put_right: usize,
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

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepError {
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
    report.past_deadline = step(&mut report, "deadlines", each(context, Work::EndOverdue)).await;
    report.dispatched = step(&mut report, "dispatch", async {
        Ok(ports::dispatch::run(&context.store, &*context.queue).await?)
    })
    .await;
    step(&mut report, "backlog", backlog(context)).await;
    // Before exports are finished: what is put right may be all that they wait for.
    report.invariants_broken = step(&mut report, "invariants", check(context)).await;
    report.put_right = step(&mut report, "put right", put_right(context)).await;
    report.finished = step(&mut report, "finish", each(context, Work::Finish)).await;
    report.expired = step(&mut report, "expire", each(context, Work::Expire)).await;
    step(&mut report, "canceled", each(context, Work::RemoveCanceled)).await;
    step(&mut report, "release", removal::release(context)).await;
    report.chunks_emptied = step(&mut report, "chunks", removal::empty_chunks(context)).await;
    report.litter_swept = step(&mut report, "litter", removal::sweep_litter(context)).await;
    step(&mut report, "prune", removal::prune(context)).await;
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

/// Looks for what must never be, in a sixteenth of the store; an alarm listens.
async fn check(context: &Context) -> Result<usize, StepError> {
    let broken = context.store.next_violations().await?;
    for one in &broken {
        tracing::error!(
            invariant = one.invariant,
            found = one.found,
            example = one.example,
            "an invariant of the store is broken"
        );
    }
    put("sweeper", &[("InvariantsBroken", Unit::Count, broken.len() as u64)], &[]);
    Ok(broken.len())
}

/// Puts right what is harmless to put right, and would keep exports from ending; an alarm listens.
async fn put_right(context: &Context) -> Result<usize, StepError> {
    let count = context.store.put_right().await?;
    if count > 0 {
        tracing::error!(count, "links or turns were wrong and have been put right");
    }
    put("sweeper", &[("PutRight", Unit::Count, count)], &[]);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
