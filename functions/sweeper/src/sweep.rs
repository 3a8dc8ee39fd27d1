//! One sweep. Each step runs separately, so that a failed step does not prevent the others.

use ports::metrics::{Metric, put};
use serde::Serialize;
use store::schedules::Runner;

use crate::exports::{Work, each};
use crate::rounds::StepError;
use crate::{Context, removal};

/// Summary of a sweep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepSummary {
    /// Messages sent.
    pub dispatched: usize,
    /// Exports that were past their deadline.
    pub past_deadline: usize,
    /// Violated invariants of the store; the log names them.
    pub invariants_broken: usize,
    /// Links and turns that were corrected.
    #[serde(rename = "putRight")]
    pub repaired: usize,
    /// Exports that were completed but had not been finished.
    pub finished: usize,
    /// Runs of saved exports that were started.
    pub runs_started: usize,
    /// Deliveries whose message was sent.
    pub deliveries_sent: usize,
    /// Exports that expired, so that their files are removed.
    pub expired: usize,
    /// Chunks whose objects were deleted.
    pub chunks_emptied: usize,
    /// Key prefixes below which everything was deleted.
    #[serde(rename = "litterSwept")]
    pub orphans_swept: usize,
    /// Datasets whose estimates were renewed.
    pub estimates_taken: usize,
    /// Failed steps; the log has the reasons.
    pub failed_steps: usize,
}

/// Runs one sweep. Safe to run at any time, even concurrently with another sweep.
pub async fn sweep(context: &Context) -> SweepSummary {
    let mut report = SweepSummary::default();
    // First the steps on which others depend, then those that only free space.
    report.past_deadline = step(&mut report, "deadlines", each(context, Work::EndOverdue)).await;
    report.dispatched = step(&mut report, "dispatch", async {
        Ok(store::dispatch::run(&context.store, &*context.queue).await?)
    })
    .await;
    step(&mut report, "backlog", backlog(context)).await;
    // Before exports are finished: a correction may be all that is missing for them to finish.
    report.invariants_broken = step(&mut report, "invariants", check(context)).await;
    report.repaired = step(&mut report, "put right", repair(context)).await;
    report.finished = step(&mut report, "finish", each(context, Work::Finish)).await;
    // After exports are finished, so that their runs are settled and the next periods begin.
    report.runs_started = step(&mut report, "schedules", schedules(context)).await;
    report.expired = step(&mut report, "expire", each(context, Work::Expire)).await;
    // After exports have ended, so that their events and deliveries are sent with this sweep.
    step(&mut report, "bus", bus(context)).await;
    report.deliveries_sent = step(&mut report, "deliveries", deliver(context)).await;
    step(&mut report, "canceled", each(context, Work::RemoveCanceled)).await;
    step(&mut report, "release", removal::release(context)).await;
    report.chunks_emptied = step(&mut report, "chunks", removal::empty_chunks(context)).await;
    report.orphans_swept = step(&mut report, "litter", removal::sweep_orphans(context)).await;
    step(&mut report, "prune", removal::prune(context)).await;
    step(&mut report, "use", removal::forget_use(context)).await;
    step(&mut report, "events", removal::prune_events(context)).await;
    step(&mut report, "runs", removal::forget_runs(context)).await;
    // Last, after due chunks were dispatched: estimates are renewed only while no chunk is being read.
    report.estimates_taken =
        step(&mut report, "estimates", async { Ok(crate::estimates::take(context).await?) }).await;
    // A failed step does not fail the invocation. The count is emitted as a metric, on which an alarm is set.
    put("sweeper", &[(Metric::StepsFailed, report.failed_steps as u64)], &[]);
    tracing::info!(?report, "swept");
    report
}

async fn step(
    report: &mut SweepSummary,
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

/// Settles the runs of saved exports that have ended, and starts those that are due.
async fn schedules(context: &Context) -> Result<usize, StepError> {
    let (queue, objects) = (&*context.queue, &*context.objects);
    let runner = Runner { store: &context.store, queue, objects, terms: context.run_terms, now_micros: None };
    Ok(runner.run().await?)
}

/// Sends due deliveries and events: those of exports that have just ended, and those whose message or worker was lost.
async fn deliver(context: &Context) -> Result<usize, StepError> {
    match &context.deliveries {
        Some(queue) => Ok(store::deliveries::run(&context.store, &**queue).await?),
        None => Ok(0),
    }
}

/// Makes the bus of the deployment a receiver of events, or removes it.
async fn bus(context: &Context) -> Result<usize, StepError> {
    Ok(usize::from(context.store.put_bus(context.bus.as_deref()).await?))
}

/// Emits the number of sent and running chunks, the age of the oldest due one, and the number of lost cuts. Alarms are set on
/// the last two.
async fn backlog(context: &Context) -> Result<usize, StepError> {
    let (now, lost) = (context.store.backlog().await?, context.store.count_lost_cuts().await?);
    put(
        "sweeper",
        &[
            (Metric::OldestDue, now.oldest_due_ms),
            (Metric::ChunksSent, now.sent),
            (Metric::ChunksRunning, now.running),
            (Metric::CutsLost, lost),
        ],
        &[],
    );
    Ok(0)
}

/// Checks the invariants in the next window of the store (about 2,000 chunks). The count is emitted as a metric, on which an alarm is set.
async fn check(context: &Context) -> Result<usize, StepError> {
    let broken = context.store.next_violations().await?;
    for one in &broken {
        tracing::error!(
            invariant = one.invariant,
            found = one.found,
            example = one.example,
            "an invariant of the store is violated"
        );
    }
    put("sweeper", &[(Metric::InvariantsBroken, broken.len() as u64)], &[]);
    Ok(broken.len())
}

/// Corrects links and turns that would keep exports from ending and can be corrected safely. The count is emitted as
/// a metric, on which an alarm is set.
async fn repair(context: &Context) -> Result<usize, StepError> {
    let count = context.store.repair().await?;
    if count > 0 {
        tracing::error!(count, "links or turns were inconsistent and were repaired");
    }
    put("sweeper", &[(Metric::PutRight, count)], &[]);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}
