//! Limits of a deployment: which one a day's requests meet first, and waiting times below it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use export::forecast::BESIDE_SECS;
use export::sweep::CALLS_PER_PREFIX;
use export::{defaults, sweep};

use super::measured::{Measured, Pace, Run};
use super::month::{API_SECS, puts, requests};
use super::random::Random;
use super::simulate::{Export, Outcome, run};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

// Assumed, because it is not measured.

/// Share of the time in which workers are meant to be busy.
pub(super) const USE: f64 = 0.7;
/// Seconds of the store's sessions per chunk: lease, renewals, record, finish.
pub(super) const STORE_SECS_PER_CHUNK: f64 = 0.02;
/// Seconds of the store's sessions per export: accept, status, manifest.
pub(super) const STORE_SECS_PER_EXPORT: f64 = 0.08;
/// Seconds of the sweeper per export that expires: one transaction of the store.
pub(super) const EXPIRE_SECS: f64 = 0.02;
/// Seconds of a call that lists or deletes.
pub(super) const S3_CALL_SECS: f64 = 0.03;
/// Seconds from the decision to the worker.
pub(super) const MESSAGE_SECS: f64 = 0.02;
/// Share by which chunks take less or more time than their mean, evenly distributed.
pub(super) const SPREAD: f64 = 0.5;
/// Minimum number of simulated exports per row of the table.
pub(super) const MIN_EXPORTS: u32 = 1000;
/// The busiest second, relative to the mean, of requests.
pub(super) const PEAK: u32 = 10;
/// Shortest simulated time, in seconds.
const SPAN_SECS: f64 = 3600.0;
/// Maximum number of simulated chunks.
const MAX_CHUNKS_SIMULATED: f64 = 20_000.0;
const SEED: u32 = 7;

// Quotas of AWS before any is raised.

/// Concurrent executions of an account; also the maximum of a trigger.
pub(super) const CONCURRENCY: u32 = 1000;
/// Uploads per second and prefix.
pub(super) const PUTS_PER_PREFIX: u32 = 3500;
/// Requests to HTTP APIs per second.
pub(super) const REQUESTS: u32 = 10_000;

/// Requests of a day.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) tenants: u32,
    /// Number of exports.
    pub(super) exports: f64,
    /// Rows of one export.
    pub(super) rows: f64,
    pub(super) budget: u32,
    pub(super) store_sessions: u32,
}

impl Ask {
    /// Returns the requests to a deployment with the template's defaults.
    pub(super) const fn new(tenants: u32, exports: f64, rows: f64) -> Self {
        let (budget, store_sessions) = (defaults::BUDGET, defaults::STORE_SESSIONS);
        Self { tenants, exports, rows, budget, store_sessions }
    }

    /// Returns the number of exports per second.
    fn per_sec(&self) -> f64 {
        self.exports / DAY
    }
}

/// Settings of the deployment and of the code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) target_bytes: f64,
    pub(super) max_chunks: f64,
    pub(super) deadline_secs: f64,
    /// Longest step of a sweep.
    pub(super) step_secs: f64,
    /// Prefixes that the sweeper empties concurrently.
    pub(super) prefixes_at_once: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            target_bytes: defaults::TARGET_BYTES as f64,
            max_chunks: defaults::MAX_CHUNKS as f64,
            deadline_secs: f64::from(defaults::DEADLINE_HOURS) * 3600.0,
            step_secs: sweep::STEP_TIMEOUT.as_secs_f64(),
            prefixes_at_once: sweep::PREFIXES_AT_ONCE as f64,
        }
    }
}

/// Points of a function, by ascending argument.
type Points = Vec<(f64, f64)>;

/// Measurements and settings together.
pub(super) struct Model {
    paces: BTreeMap<String, Pace>,
    /// Pace of the usual format.
    pub(super) pace: Pace,
    /// Seconds of a decision by number of tenants, all of them waiting.
    pub(super) all: Points,
    /// The same with ten of them waiting.
    pub(super) ten: Points,
    pub(super) runs: Vec<Run>,
    pub(super) settings: Settings,
}

/// Limit of a deployment.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) what: &'static str,
    /// Share that is used. More than 1 cannot be kept up.
    pub(super) used: f64,
    /// Setting or quota that moves the limit.
    pub(super) moved_by: &'static str,
}

impl Model {
    /// Prepares the measurements.
    ///
    /// # Errors
    /// If the usual format was not measured, or there are too few measurements of `dispatch()`.
    pub(super) fn new(measured: &Measured, settings: Settings) -> Result<Self> {
        let pace = |name: &String| Ok((name.clone(), Pace::of(measured, name)?));
        let points = |times: &BTreeMap<u32, f64>| -> Points {
            times.iter().map(|(tenants, ms)| (f64::from(*tenants), ms / 1000.0)).collect()
        };
        let (all, ten) = (points(&measured.dispatch.all), points(&measured.dispatch.ten));
        (all.len().min(ten.len()) >= 2)
            .then_some(())
            .context("dispatch() is measured with too few tenants")?;
        Ok(Self {
            paces: measured.formats.keys().map(pace).collect::<Result<_>>()?,
            pace: Pace::of(measured, "csv.gzip")?,
            all,
            ten,
            runs: measured.runs.clone(),
            settings,
        })
    }

    /// Returns the seconds of one decision of `dispatch()`.
    fn pick_secs(&self, tenants: u32, waiting: u32) -> f64 {
        between(&self.ten, f64::from(tenants)).max(between(&self.all, f64::from(waiting)))
    }

    /// Returns the seconds of a worker per chunk in addition to the attempt: the time of the first run that was not
    /// spent on its attempts.
    pub(super) fn beside_secs(&self) -> f64 {
        let first = &self.runs[0];
        let attempts: f64 = first.chunk_secs.iter().sum();
        ((first.held_secs() - attempts) / first.chunk_secs.len() as f64).max(0.0)
    }

    /// Simulates a measured run from its chunks and the overhead of the first run. Returns its seconds.
    pub(super) fn predict(&self, seen: &Run) -> f64 {
        let beside = self.beside_secs();
        one_export(seen.budget, seen.chunk_secs.iter().map(|secs| secs + beside).collect())
    }

    /// Simulates a measured run from its plan alone: the time of a chunk is a constant and a time per planned byte,
    /// as in the first run. Returns its seconds.
    pub(super) fn predict_from_plan(&self, seen: &Run) -> f64 {
        let first = &self.runs[0];
        let sizes = |run: &Run| run.planned_bytes.iter().map(|bytes| *bytes as f64).collect::<Vec<_>>();
        let (constant, slope) = line(&sizes(first), &first.chunk_secs);
        let beside = self.beside_secs();
        let secs = sizes(seen).into_iter().map(|size| (constant + slope * size).max(0.0) + beside);
        one_export(seen.budget, secs.collect())
    }

    /// Returns the number of rows of a measured run.
    pub(super) fn rows_of(&self, seen: &Run) -> f64 {
        seen.bytes() / self.paces[&seen.format].source_bytes
    }

    /// Returns the seconds below which a run cannot be, by the processor time of its rows and the assumed time per
    /// chunk besides reading.
    pub(super) fn floor_of(&self, seen: &Run) -> f64 {
        let rows = self.rows_of(seen) * self.paces[&seen.format].least_secs();
        (rows + seen.chunk_secs.len() as f64 * BESIDE_SECS) / f64::from(seen.budget)
    }

    /// Returns the number of chunks of one export.
    fn chunks_of(&self, ask: &Ask) -> f64 {
        (ask.rows * self.pace.source_bytes / self.settings.target_bytes).ceil().max(1.0)
    }

    /// Returns the seconds of workers for one export at the floor: reading and encoding take at least this.
    pub(super) fn least_secs(&self, ask: &Ask) -> f64 {
        ask.rows * self.pace.least_secs() + self.chunks_of(ask) * BESIDE_SECS
    }

    /// Returns the same at the pace of the measured run, with which all limits are computed.
    pub(super) fn worker_secs(&self, ask: &Ask) -> f64 {
        self.least_secs(ask).max(ask.rows * self.pace.run_secs)
    }

    /// Returns all limits, the most used first.
    pub(super) fn limits(&self, ask: &Ask) -> Vec<Limit> {
        let (chunks, per_sec, set) = (self.chunks_of(ask), ask.per_sec(), &self.settings);
        let (budget, sessions) = (f64::from(ask.budget), f64::from(ask.store_sessions));
        let working = per_sec * self.worker_secs(ask) / budget;
        // If workers cannot keep up, all tenants wait in the end.
        let waiting = if working > 1.0 { ask.tenants } else { ask.tenants.min(10) };
        let uploads = chunks * puts(ask.rows * self.pace.file_bytes / chunks) + 1.0;
        // Seconds of a day that the sweeper can spend on each kind of work.
        let sweeping = DAY / 60.0 * set.step_secs;
        let emptying = f64::from(CALLS_PER_PREFIX) * S3_CALL_SECS / set.prefixes_at_once;
        let asked = f64::from(PEAK) * per_sec * requests(chunks);
        let limit = |what, used, moved_by| Limit { what, used, moved_by };
        let mut found = vec![
            limit("workers and sessions of the source", working, "`Budget`, if the database can take it"),
            limit(
                "decisions of dispatch(), one at a time",
                per_sec * chunks * self.pick_secs(ask.tenants, waiting),
                "fewer, larger chunks: `TargetBytes`",
            ),
            limit(
                "sessions of the store",
                per_sec * (STORE_SECS_PER_EXPORT + chunks * STORE_SECS_PER_CHUNK) / sessions,
                "`StoreSessions`",
            ),
            limit(
                "exports that the sweeper expires",
                ask.exports * EXPIRE_SECS / sweeping,
                "`STEP_TIMEOUT` in `functions/lib/export/src/sweep.rs`",
            ),
            limit(
                "chunks that the sweeper deletes",
                ask.exports * chunks * emptying / sweeping,
                "`PREFIXES_AT_ONCE` in `functions/lib/export/src/sweep.rs`; fewer, larger chunks: `TargetBytes`",
            ),
            limit(
                "objects of exports other than chunks, deleted by the sweeper",
                ask.exports * emptying / sweeping,
                "`PREFIXES_AT_ONCE` in `functions/lib/export/src/sweep.rs`",
            ),
            limit(
                "chunks of one export",
                chunks / set.max_chunks,
                "several exports, each of a part of the range; larger chunks: `TargetBytes`",
            ),
            limit(
                "an export's deadline",
                self.worker_secs(ask) / budget / set.deadline_secs,
                "`Budget`, `DeadlineHours`",
            ),
            limit(
                "Lambda's concurrency",
                (budget + asked * API_SECS) / f64::from(CONCURRENCY),
                "the account's quota",
            ),
            limit(
                "requests to the HTTP API, at the peak",
                asked / f64::from(REQUESTS),
                "the account's quota",
            ),
            limit(
                "uploads to S3, all tenants under one prefix",
                per_sec * uploads / f64::from(PUTS_PER_PREFIX),
                "S3 splits prefixes by itself, in minutes",
            ),
        ];
        found.sort_by(|a, b| b.used.total_cmp(&a.used));
        found
    }

    /// Returns the least budget that keeps workers as busy as they are meant to be, and one export within its
    /// deadline. One export takes this many seconds of workers.
    pub(super) fn budget_for(&self, ask: &Ask, worker_secs: f64) -> u32 {
        let busy = ask.per_sec().max(1.0 / self.settings.deadline_secs) * worker_secs;
        ((busy / USE).ceil() as u32).max(defaults::BUDGET)
    }

    /// Returns the same requests to a deployment with the budget and the sessions at the store that they need.
    pub(super) fn sensible(&self, ask: &Ask) -> Ask {
        let store = STORE_SECS_PER_EXPORT + self.chunks_of(ask) * STORE_SECS_PER_CHUNK;
        let store_sessions = ((ask.per_sec() * store / USE).ceil() as u32).max(defaults::STORE_SESSIONS);
        Ask { budget: self.budget_for(ask, self.worker_secs(ask)), store_sessions, ..*ask }
    }

    /// Simulates an hour of the day with requests at random, or longer if that has few exports.
    pub(super) fn simulated(&self, ask: &Ask) -> Outcome {
        let mut chance = Random::seeded(SEED);
        let (per_sec, chunks) = (ask.per_sec(), self.chunks_of(ask));
        let enough = SPAN_SECS.max(f64::from(MIN_EXPORTS) * 1.2 / per_sec);
        let span = enough.min(MAX_CHUNKS_SIMULATED / (per_sec * chunks));
        let secs = self.worker_secs(ask) / chunks;
        let (mut exports, mut at) = (Vec::new(), 0.0);
        loop {
            at -= (1.0 - chance.fraction()).ln() / per_sec;
            if at > span {
                break;
            }
            let size = |_| secs * (1.0 - SPREAD + 2.0 * SPREAD * chance.fraction());
            let chunks = (0..chunks as usize).map(size).collect();
            exports.push(Export { at, tenant: format!("t{}", chance.below(ask.tenants)), chunks });
        }
        // If no tenant waits, one look is enough.
        let look = self.all[0].1;
        run(exports, ask.budget, MESSAGE_SECS, |waiting| {
            if waiting > 0 { self.pick_secs(ask.tenants, waiting as u32) } else { look }
        })
    }
}

/// Returns the seconds that one export with these chunks takes.
fn one_export(budget: u32, chunks: Vec<f64>) -> f64 {
    run(vec![Export { at: 0.0, tenant: "a".to_owned(), chunks }], budget, 0.0, |_| 0.0).end
}

/// Returns the value at `x`: linear between points, flat before the first, growing as at the end after the last.
fn between(points: &[(f64, f64)], x: f64) -> f64 {
    let index = points.partition_point(|(at, _)| *at < x);
    if index == 0 {
        return points[0].1;
    }
    let last = index.min(points.len() - 1);
    let (left, right) = (points[last - 1], points[last]);
    left.1 + (right.1 - left.1) * (x - left.0) / (right.0 - left.0)
}

/// Returns constant and slope of the line through the points, by least squares.
fn line(xs: &[f64], ys: &[f64]) -> (f64, f64) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(xs), mean(ys));
    let spread: f64 = xs.iter().map(|x| (x - mean_x).powi(2)).sum();
    let together: f64 = xs.iter().zip(ys).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = if spread > 0.0 { together / spread } else { 0.0 };
    (mean_y - slope * mean_x, slope)
}

#[cfg(test)]
mod tests;
