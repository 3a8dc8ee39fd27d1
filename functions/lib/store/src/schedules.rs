//! Runs of saved exports: settles those that have ended, and starts those that are due.
//!
//! A run is an ordinary export, submitted as the api does it. Its idempotency key names the saved export, the tick and the
//! attempt, so that a process that dies between acceptance and record makes no second export.

mod request;

use std::time::Instant;

use export::defaults;
use export::id::TenantId;
use export::request::RequestLimits;
use export::schedule::{MAX_MISSED, retry_secs};
use export::sweep::STEP_TIMEOUT;
use jiff::Timestamp;
use ports::audit::Event;
use ports::objects::Objects;
use ports::queue::Queue;

use super::accept::PlanLimits;
use super::connection::Store;
use super::error::StoreError;
use super::saved::{Claim, EndedRun, Only, RunRecord};
use request::{RunError, submit};

/// Maximum number of saved exports per statement.
const BATCH: i64 = 50;

/// Limits of the requests of runs, as the api applies them.
#[derive(Clone, Copy, Debug)]
pub struct RunTerms {
    /// Maximum size of a request.
    pub request: RequestLimits,
    /// Limits of a plan.
    pub plan: PlanLimits,
    /// Seconds after which an export ends in any case.
    pub deadline_secs: u32,
}

impl Default for RunTerms {
    fn default() -> Self {
        Self {
            request: RequestLimits::default(),
            plan: PlanLimits { target_bytes: defaults::TARGET_BYTES, max_chunks: defaults::MAX_CHUNKS },
            deadline_secs: defaults::DEADLINE_HOURS * 3600,
        }
    }
}

/// Everything that starts runs.
#[derive(Clone, Copy)]
pub struct Runner<'a> {
    /// State of saved exports.
    pub store: &'a Store,
    /// Queue of wake-up messages.
    pub queue: &'a dyn Queue,
    /// Storage of files, for exports whose chunks are all reused.
    pub objects: &'a dyn Objects,
    /// Limits.
    pub terms: RunTerms,
    /// Time in microseconds since 1970, in tests; `None`: that of the store.
    pub now_micros: Option<i64>,
}

impl Runner<'_> {
    /// Settles the runs that have ended and starts those that are due, for up to [`STEP_TIMEOUT`]; the next call continues.
    /// Returns the number of runs started. Safe to call at any time and from any number of processes.
    ///
    /// # Errors
    /// If the store cannot be reached. The next call continues.
    pub async fn run(&self) -> Result<usize, StoreError> {
        self.run_of(None).await
    }

    /// The same for one saved export only.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn run_one(&self, tenant: &TenantId, name: &str) -> Result<usize, StoreError> {
        self.run_of(Some((tenant, name))).await
    }

    async fn run_of(&self, only: Only<'_>) -> Result<usize, StoreError> {
        let begun = Instant::now();
        self.settle(only, begun).await?;
        let (mut started, mut last) = (0, None);
        while begun.elapsed() < STEP_TIMEOUT {
            let claims = self.store.claim_saved(BATCH, only, self.now_micros).await?;
            if claims.is_empty() {
                break;
            }
            for claim in &claims {
                // A failing one must not delay the others; it is claimed again when its claim lapses.
                match self.start(claim).await {
                    Ok(is_started) => started += usize::from(is_started),
                    Err(error) => last = Some(error),
                }
            }
        }
        if started > 0 {
            super::dispatch::run(self.store, self.queue).await?;
        }
        last.map_or(Ok(started), Err)
    }

    async fn settle(&self, only: Only<'_>, begun: Instant) -> Result<(), StoreError> {
        while begun.elapsed() < STEP_TIMEOUT {
            let ended = self.store.ended_runs(BATCH, only).await?;
            let mut settled = 0;
            for run in &ended {
                settled += i64::from(self.settle_one(run).await?);
            }
            if settled < BATCH {
                break;
            }
        }
        Ok(())
    }

    /// Settles a run. False if another process has done so.
    async fn settle_one(&self, run: &EndedRun) -> Result<bool, StoreError> {
        let (tenant, saved) = (run.tenant.as_str(), run.definition.name.as_str());
        // An export that has expired meanwhile is exported again: its files are gone.
        let (outcome, error) = match run.status.as_str() {
            "succeeded" => {
                let next = run.definition.next_after(run.tick);
                tracing::info!(tenant, saved, export = %run.export, "a run of a saved export succeeded");
                return self.store.record_succeeded(run, next, self.now_micros).await;
            }
            "canceled" => ("canceled", "the export was canceled or deleted"),
            _ => ("failed", "the export failed; its status lists the errors"),
        };
        let again = retry_secs(if run.demanded { 1 } else { run.failures + 1 });
        tracing::warn!(tenant, saved, export = %run.export, outcome, "a run of a saved export failed");
        self.store.record_failed(run, outcome, error, again, self.now_micros).await
    }

    /// Starts the run of a claim. False if there was nothing to start.
    async fn start(&self, claim: &Claim) -> Result<bool, StoreError> {
        let Some(tick) = claim.demanded.or(claim.next_tick) else { return Ok(false) };
        let definition = &claim.definition;
        if claim.demanded.is_none()
            && let Some(first) = definition.skip_to(tick, claim.now)
        {
            let text = format!(
                "only the latest {MAX_MISSED} missed periods are caught up; those from {tick} to before {first} were skipped"
            );
            return self.skip(claim, tick, Some((first, definition.due(first))), &text).await;
        }
        let tick = if claim.demanded.is_some() { whole_second(tick) } else { tick };
        let period = definition.period(tick, claim.last_end);
        if let Some(period) = period.filter(export::schedule::Period::is_empty)
            && claim.demanded.is_none()
        {
            let text = format!("the period until {} had been exported by a run on demand", period.end);
            return self.skip(claim, tick, definition.next_after(tick), &text).await;
        }
        let run = RunRecord {
            tick,
            end: period.map(|period| period.end),
            dates: (period.and_then(|period| period.start_date()), period.map(|period| period.end_date())),
        };
        let key = self.key(claim, tick);
        let (tenant, saved) = (claim.tenant.as_str(), definition.name.as_str());
        match submit(self, claim, &definition.body(period.as_ref()), &key).await {
            Ok(export) => {
                self.store.record_started(claim, &run, export, self.now_micros).await?;
                let (id, detail) = (export.to_string(), format!("run of saved export {saved}"));
                let (by, tenant) = (claim.rights.by.as_str(), Some(tenant));
                let (export, detail) = (Some(id.as_str()), Some(detail.as_str()));
                Event {
                    event: "export created",
                    outcome: "done",
                    tenant,
                    by,
                    export,
                    detail,
                    ..Event::default()
                }
                .record();
                Ok(true)
            }
            Err(RunError::Store(error)) => Err(error),
            Err(RunError::Refused(reason)) => {
                let again = retry_secs(claim.failures + 1);
                self.store.record_refused(claim, &run, &reason, again, self.now_micros).await?;
                tracing::warn!(tenant, saved, "a run of a saved export was refused");
                Ok(false)
            }
        }
    }

    async fn skip(
        &self,
        claim: &Claim,
        from: Timestamp,
        to: Option<(Timestamp, Timestamp)>,
        text: &str,
    ) -> Result<bool, StoreError> {
        self.store.record_skipped(claim, from, to, text, self.now_micros).await?;
        let (tenant, saved) = (claim.tenant.as_str(), claim.definition.name.as_str());
        tracing::warn!(tenant, saved, "periods of a saved export were skipped");
        Ok(false)
    }

    /// Returns the idempotency key of a run.
    fn key(&self, claim: &Claim, tick: Timestamp) -> String {
        let (id, edition) = (claim.id, claim.edition);
        match claim.demanded {
            Some(at) => format!("saved {id} {edition} demanded {}", at.as_microsecond()),
            None => format!("saved {id} {edition} {} {}", tick.as_microsecond(), claim.failures),
        }
    }
}

/// Returns the start of the second of an instant.
fn whole_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
