//! `infra/SCALE.md`.

use anyhow::Result;
use export::defaults::{BUDGET, MAX_CHUNKS, STORE_SESSIONS, WORKER_TIMEOUT_SECS};
use export::forecast::BESIDE_SECS;
use export::sweep::{CALLS_PER_PREFIX, STEP_TIMEOUT, PREFIXES_AT_ONCE};

use super::measured::Measured;
use super::month::{API_SECS, POLLS};
use super::scale::{
    Ask, CONCURRENCY, EXPIRE_SECS, MIN_EXPORTS, MESSAGE_SECS, Model, PEAK, PUTS_PER_PREFIX, REQUESTS,
    S3_CALL_SECS, SPREAD, STORE_SECS_PER_CHUNK, STORE_SECS_PER_EXPORT, Settings, USE,
};
use super::simulate::percentile;
use super::text::{percent, share, table, thousands};

/// Number of values that must lie beyond a percentile for it to be shown.
const MIN_BEYOND: u32 = 10;

const ASKS: [Ask; 7] = [
    Ask::new(10, 100.0, 1e7),
    Ask::new(100, 1000.0, 1e6),
    Ask::new(1000, 10_000.0, 1e6),
    Ask::new(10_000, 100_000.0, 1e6),
    Ask::new(10_000, 1_000_000.0, 1e5),
    Ask::new(10_000, 1_000_000.0, 1e6),
    Ask::new(1, 1.0, 1e12),
];

/// Returns the document.
///
/// # Errors
/// If a format was not measured.
pub(super) fn document(measured: &Measured) -> Result<String> {
    let model = Model::new(measured, Settings::default())?;
    let run = &model.runs[0];
    let (held, floor) = (run.held_secs(), model.floor_of(run) * f64::from(run.budget));
    let whole = Ask::new(1, 1.0, model.settings.target_bytes / model.pace.source_bytes);
    Ok(format!(
        "# How far it goes

Made by `cargo x cost` from `measured.json`, the template's defaults and constants of the code; a test fails where \
this page
is not what they say. The simulation is `cost/simulate.rs`: dispatch as `dispatch()` decides, workers as the \
trigger runs them.

## Does the simulation tell the truth?

Exports of the sample on {what}, against the simulation. It is given the
time of each chunk, and what a worker spends beside it ({beside_ms:.0} ms) from the first run; or the plan
alone, with the pace of the first run. The first run predicts itself in part; the others are the test. A format has \
a pace of its
own, so the plan alone can only be near where formats are alike. The floor is given neither: it is the processor \
time of the rows in
that format and {chunk_ms:.0} ms per chunk, shared by the workers.

{predictions}

So the simulation tells how chunks queue for workers, not how long one takes: that it is told. And the floor is far \
from what was measured: the
first run held its workers for {held:.0} s, which is {times:.1} times the floor's {floor:.0}. Chunks' attempts were \
{attempts:.0} s of it, the processor time of reading
and encoding {reading:.0}. The rest is waiting: workers wait for each other, for PostgreSQL, the pooler and the \
emulator, which all share two
processors, and what each has of it was not measured. On AWS they do not share, but no run there was measured either.

Therefore all that follows is worked out with the pace of that whole run, {run_secs:.1} s of a worker per million \
rows. Per row, without the fixed part of a
chunk, it is {slower:.0} times the processor time; its chunks were small, so it overstates what larger ones take. \
The budget at the floor stands beside.

## The first limit

What a day asks for; what stops it first with the template's defaults (`Budget` {BUDGET}, `StoreSessions` \
{STORE_SESSIONS}); and, with as large a budget and
as many sessions as it takes to keep workers {busy} busy, what is the nearest limit then. Above 100 % work piles \
up, and all tenants
wait. Rows are as wide as the sample's ({width:.0} bytes); nothing is reused.

{limits}

Where the budget exceeds what one database can hold, it takes readers (`ProxyTarget=cluster`), several deployments \
with a
database each, or reuse: a chunk that is reused costs none of it. That the database keeps its pace with so many \
sessions is assumed.

Not modelled: accepting an export plans all its chunks in one request (30 s and 512 MB of the api), and whoever \
finishes it holds the
manifest of all chunks in memory. Neither was measured at {max_chunks} chunks, the default of `MaxChunks`, nor \
beyond; so an export that needs more is
asked for as several, each of a part of the range, rather than with a larger `MaxChunks`.

## Waiting

Simulated with requests at random, in seconds: from acceptance to the first chunk (half of all, and 99 of 100), and \
to the end (99 of 100).
At least {least_exports} exports are simulated; a dash stands where fewer than {MIN_BEYOND} lie beyond the figure.

{waits}

## One decision of dispatch()

By `cargo x cost dispatch` on the same machine, milliseconds per chunk that is picked: {how}.

{picks}

It decides under one lock for all, so this is what no budget moves. Where many tenants wait at once, larger chunks \
ask less often; one of
`TargetBytes` takes a worker {whole:.0} s at the measured pace, of the {WORKER_TIMEOUT_SECS} that it may.

## Assumed

{assumed}
",
        what = measured.what,
        beside_ms = model.beside_secs() * 1000.0,
        chunk_ms = BESIDE_SECS * 1000.0,
        predictions = predictions(&model),
        times = held / floor,
        attempts = run.chunk_secs.iter().sum::<f64>(),
        reading = model.rows_of(run) * model.pace.cpu_secs,
        run_secs = model.pace.run_secs * 1e6,
        slower = model.pace.run_secs / model.pace.least_secs(),
        busy = percent(USE),
        width = model.pace.source_bytes,
        limits = limits(&model),
        max_chunks = thousands(MAX_CHUNKS as f64, 0),
        least_exports = thousands(f64::from(MIN_EXPORTS), 0),
        waits = waits(&model),
        how = measured.dispatch.how,
        picks = picks(&model),
        whole = model.worker_secs(&whole),
        assumed = assumed(),
    ))
}

/// Returns the last section, without its heading.
fn assumed() -> String {
    let ms = |secs: f64| format!("{:.0} ms", secs * 1000.0);
    let count = |number: u32| thousands(f64::from(number), 0);
    format!(
        "{beside} of a worker beside reading a chunk, for the floor (above it is more: emulator and workers share \
two processors);
{chunk} of the store's sessions per chunk and {export} per export; {expire} of the sweeper per export that expires
and {CALLS_PER_PREFIX} calls of {call} to S3 per chunk and per export, {PREFIXES_AT_ONCE} at once, in at most \
{step} s of a minute for each of the three;
{POLLS} requests of the api per export and one per file, {api} each, as in [COST.md](COST.md); {message} from a \
decision to the worker; chunks that
take up to {spread} less or more than their mean; peaks of {PEAK} times the mean; AWS's quotas before any is raised
({concurrency} concurrent executions, {requests} requests per second, {puts} uploads per second and prefix). For \
the floor, a processor of Lambda
as fast as the one measured.",
        beside = ms(BESIDE_SECS),
        chunk = ms(STORE_SECS_PER_CHUNK),
        export = ms(STORE_SECS_PER_EXPORT),
        expire = ms(EXPIRE_SECS),
        call = ms(S3_CALL_SECS),
        step = STEP_TIMEOUT.as_secs(),
        api = ms(API_SECS),
        message = ms(MESSAGE_SECS),
        spread = percent(SPREAD),
        concurrency = count(CONCURRENCY),
        requests = count(REQUESTS),
        puts = count(PUTS_PER_PREFIX),
    )
}

/// Returns the table of the measured runs and their simulations.
fn predictions(model: &Model) -> String {
    let row = |seen| {
        let (chunk, plan, floor) = (model.predict(seen), model.predict_from_plan(seen), model.floor_of(seen));
        let against = |secs: f64| format!("{secs:.1} ({:+.0}%)", (secs / seen.wall_secs - 1.0) * 100.0);
        vec![
            seen.format.clone(),
            seen.budget.to_string(),
            seen.chunk_secs.len().to_string(),
            format!("{:.1}", seen.wall_secs),
            against(chunk),
            against(plan),
            format!("{floor:.1}"),
            format!("{:.1}", seen.wall_secs / floor),
        ]
    };
    let head = [
        "format",
        "Budget",
        "chunks",
        "measured s",
        "simulated from chunks",
        "simulated from the plan",
        "floor s",
        "measured, in floors",
    ];
    table(&head, &model.runs.iter().map(row).collect::<Vec<_>>())
}

/// Returns the first cells of a row about a day.
fn named(ask: &Ask) -> Vec<String> {
    [f64::from(ask.tenants), ask.exports, ask.rows].map(|number| thousands(number, 0)).to_vec()
}

/// Returns the table of the first limits.
fn limits(model: &Model) -> String {
    let row = |ask: &Ask| {
        let able = model.sensible(ask);
        let (as_is, then) = (&model.limits(ask)[0], &model.limits(&able)[0]);
        let floor = model.budget_for(ask, model.least_secs(ask));
        let mut row = named(ask);
        row.push(format!("{}, {}", as_is.what, share(as_is.used)));
        row.extend([able.budget, floor, able.store_sessions].map(|number| thousands(f64::from(number), 0)));
        row.push(format!("{}, {}", then.what, share(then.used)));
        row.push(then.moved_by.to_owned());
        row
    };
    let head = [
        "tenants",
        "exports a day",
        "rows of each",
        "first limit",
        "Budget that it takes",
        "Budget at the floor",
        "StoreSessions",
        "nearest limit then",
        "what moves it",
    ];
    table(&head, &ASKS.iter().map(row).collect::<Vec<_>>())
}

/// Returns the table of the simulated waiting times.
fn waits(model: &Model) -> String {
    let mut rows = Vec::new();
    for ask in ASKS.iter().filter(|ask| ask.exports > 1.0) {
        let able = model.sensible(ask);
        if able.budget > CONCURRENCY {
            continue;
        }
        let outcome = model.simulated(&able);
        let mut row = named(ask);
        row.extend([
            thousands(f64::from(able.budget), 0),
            thousands(outcome.stays.len() as f64, 0),
            seconds(&outcome.waits, 0.5, 2),
            seconds(&outcome.waits, 0.99, 2),
            seconds(&outcome.stays, 0.99, 1),
            share(outcome.worker_use(able.budget)),
            share(outcome.decider_use()),
        ]);
        rows.push(row);
    }
    let head = [
        "tenants",
        "exports a day",
        "rows of each",
        "Budget",
        "exports simulated",
        "wait 50 %",
        "wait 99 %",
        "done 99 %",
        "workers busy",
        "dispatch busy",
    ];
    table(&head, &rows)
}

/// Returns the table of the measured decisions.
fn picks(model: &Model) -> String {
    let row = |(all, ten): (&(f64, f64), &(f64, f64))| {
        vec![thousands(all.0, 0), format!("{:.2}", all.1 * 1000.0), format!("{:.2}", ten.1 * 1000.0)]
    };
    let rows: Vec<_> = model.all.iter().zip(&model.ten).map(row).collect();
    table(&["tenants", "all of them waiting", "ten of them waiting"], &rows)
}

/// Returns a percentile with this many decimals; a dash if too few values lie beyond it.
fn seconds(values: &[f64], share: f64, decimals: usize) -> String {
    let beyond = values.len() as f64 * share.min(1.0 - share);
    if beyond < f64::from(MIN_BEYOND) - 1e-9 {
        return "–".to_owned();
    }
    format!("{:.decimals$}", percentile(values, share))
}

#[cfg(test)]
mod tests;
