//! `infra/COST.md`.

use anyhow::Result;
use export::defaults::{BUDGET, RETENTION_HOURS, WORKER_MEMORY_MB};
use export::forecast::BESIDE_SECS;
use export::price::{AS_OF, GB, GB_SECOND, HOURS_PER_MONTH, REGION};
use export::sweep::{DELETES_PER_PREFIX, LISTS_PER_PREFIX};

use super::measured::{Measured, Pace};
use super::month::{
    ACCESS_BYTES_PER_REQUEST, API_SECS, CACHE_UNITS_PER_REQUEST, LOG_BYTES_PER_CHUNK, LOG_BYTES_PER_REQUEST,
    Load, POLLS, Parts, SWEEP_SECS, Watched, example, fixed, fleet, fleet_pays_above, glue, glue_as_slow,
    item, snapshot, total, variable,
};
use super::prices::{CDN_GB, GB_SECOND_X86, NAT_GB, NAT_HOUR, TRANSFER_GB};
use super::text::{percent, span, table, thousands, usd};

/// Format of the months and of most exports.
const USUAL: &str = "csv.gzip";

/// Users of a deployment with their load and its parts; true if the example database is part of the cost.
const MIXES: [(&str, Load, Parts, bool); 4] = [
    ("a trial: one export a day of a million rows", Load::new(30.0, 1e6), Parts::SMALL, true),
    (
        "a team: 50 a day of 10 million rows, half reused",
        Load { reused: 0.5, ..Load::new(50.0 * 30.0, 1e7) },
        Parts::SMALL,
        false,
    ),
    (
        "a product: 10,000 a day of 2 million rows, half reused",
        Load { reused: 0.5, ..Load::new(10_000.0 * 30.0, 2e6) },
        Parts::ALL,
        false,
    ),
    (
        "a large one: a million a day of 100,000 rows, four fifths reused",
        Load { reused: 0.8, ..Load::new(1e6 * 30.0, 1e5) },
        Parts::ALL,
        false,
    ),
];

/// Exports by number of rows.
const JOBS: [(&str, f64); 4] = [
    ("10 million rows", 1e7),
    ("100 million rows", 1e8),
    ("a billion rows", 1e9),
    ("a thousand billion rows", 1e12),
];

/// The export that is shown in all formats.
const IN_ALL_FORMATS: f64 = 1e9;

/// Returns the document.
///
/// # Errors
/// If a format was not measured.
pub(super) fn document(measured: &Measured, watched: Watched) -> Result<String> {
    let gzip = Pace::of(measured, USUAL)?;
    let base = fixed(watched, Parts::ALL);
    let base: Vec<_> = base.into_iter().map(|(item, value)| vec![item.to_owned(), usd(value)]).collect();
    let head = variable(&MIXES[0].1, &gzip, 0.0, MIXES[0].2);
    let mut mixes = vec!["who", "fixed"];
    mixes.extend(head.iter().map(|(item, _)| *item));
    mixes.push("together");
    let first = measured.runs[0].bytes() / measured.runs[0].planned_bytes.len() as f64;
    Ok(format!(
        "# What it costs

Made by `cargo x cost` from `cost/prices.rs` ({REGION}, {AS_OF}) and `measured.json`; a test fails where this
page is not what they say. List prices without free tier, discounts and tax, written down by hand. Check them on \
the pages named before you rely on a total. The database itself, and data that leaves AWS, are in no total.

Where two figures stand, the first is the floor: workers that wait for nobody, each on a processor of its own, by \
the processor
time that was measured. The second is the pace of a whole run on the machine that was measured, where database, \
pooler, emulator and
workers share two processors: {times:.0} times slower per row of `{USUAL}`. No run on AWS was measured; plan with the
second until you have measured one.

## By the month, whatever is asked for

{base}

Lambda, the queue, the HTTP API and CloudFront cost nothing while nobody asks. Without `CreateProxy` (a pooler of \
yours)
and without `CreateEndpoints` (a network that has them, or functions outside a VPC) most of it goes. The {metrics} \
metrics come
with the logs, also without `CreateAlarms`; one that is not put in a month costs nothing in it. The alarms listen \
to {alarm_metrics}. The example
database of a trial is {example} more. A NAT gateway in place of endpoints would be {nat} a month and zone, and \
{NAT_GB} per GB.

## By the month, with use

CSV with gzip, kept for {RETENTION_HOURS} hours. The last two are with CloudFront, through which all requests and \
downloads then go, and with
the shared cache.

{mixes}

## By the export, against other ways

Once, nothing reused, `Budget` {BUDGET}. \"Hours\" are with all four workers. Glue was not measured: first it is \
priced as two DPU that read with
as many sessions at the database's own pace and spend no more processor time than our worker, then as two DPU for \
as long as our
workers take; its requests to S3 are left out. A snapshot export is priced as if the snapshot held nothing but \
these rows; it writes
Parquet only, without filters, columns chosen or tenants.

{jobs}

A fixed fleet of four tasks of one processor and 2 GB (Fargate, arm64) is {fleet} a month, busy or not: it is
cheaper than Lambda from {fleet_pays_above} of the time at work. On x86_64 a worker's second costs {x86} more.

Downloads to the internet: {TRANSFER_GB} per GB from S3, {CDN_GB} through CloudFront, nothing within the region.

## What was measured

Per million rows of the sample's tables, on {what}. The seconds of a session are the bench's, as in
`functions/lib/export/src/forecast.rs`. What a run held its workers for is its time from acceptance to the end, times \
`Budget`: the chunks'
beginnings and ends are in it, of chunks that are {mean:.0} MB on average, so it overstates what larger ones take.

{paces}

A worker of {WORKER_MEMORY_MB} MB has one processor; for the floor it is assumed to be as fast as the one measured. \
Assumed too: {API_SECS} s per
request of the api, {POLLS} requests per export and one per file, {SWEEP_SECS} s per sweep, {BESIDE_SECS} s per \
chunk beside reading, {LOG_BYTES_PER_CHUNK} bytes of logs per chunk and
{LOG_BYTES_PER_REQUEST} per request, {ACCESS_BYTES_PER_REQUEST} more in the access log, {CACHE_UNITS_PER_REQUEST} \
units of the shared cache per request. A file is as large as the mean; a chunk and an export
are swept once, with {LISTS_PER_PREFIX} requests that list and {DELETES_PER_PREFIX} that deletes, which costs \
nothing. What failed attempts leave is not counted.
",
        times = gzip.run_secs / gzip.least_secs(),
        base = table(&["item", "USD"], &base),
        metrics = watched.metrics,
        alarm_metrics = watched.alarm_metrics,
        example = usd(example()),
        nat = usd(NAT_HOUR * HOURS_PER_MONTH),
        mixes = table(&mixes, &mix_rows(&gzip, watched)),
        jobs = jobs(measured)?,
        fleet = usd(fleet(BUDGET)),
        fleet_pays_above = percent(fleet_pays_above()),
        x86 = percent(GB_SECOND_X86 / GB_SECOND - 1.0),
        what = measured.what,
        mean = first / 1e6,
        paces = paces(measured)?,
    ))
}

/// Returns the rows of a month with use.
fn mix_rows(pace: &Pace, watched: Watched) -> Vec<Vec<String>> {
    let row = |(name, load, parts, trial): &(&str, Load, Parts, bool)| {
        let base = total(&fixed(watched, *parts)) + if *trial { example() } else { 0.0 };
        let least = variable(load, pace, load.least_secs(pace), *parts);
        let held = variable(load, pace, load.held_secs(pace), *parts);
        let mut row = vec![(*name).to_owned(), usd(base)];
        row.extend(least.iter().zip(&held).map(|((_, least), (_, held))| span(*least, *held, usd)));
        row.push(span(base + total(&least), base + total(&held), usd));
        row
    };
    MIXES.iter().map(row).collect()
}

/// Returns the table of single exports, compared with other ways.
fn jobs(measured: &Measured) -> Result<String> {
    let mut rows = Vec::new();
    for (name, count) in JOBS {
        for format in measured.formats.keys() {
            if format == USUAL || count == IN_ALL_FORMATS {
                rows.push(job(&format!("{name}, {format}"), count, &Pace::of(measured, format)?));
            }
        }
    }
    let head = [
        "what",
        "GB read",
        "hours",
        "workers",
        "requests and logs",
        "Sluice",
        "Glue",
        "snapshot export",
        "storage, by any of them",
    ];
    Ok(table(&head, &rows))
}

fn job(name: &str, rows: f64, pace: &Pace) -> Vec<String> {
    let load = Load::new(1.0, rows);
    let both = [load.least_secs(pace), load.held_secs(pace)];
    let hours = both.map(|secs| secs / f64::from(load.budget) / 3600.0);
    let costs = both.map(|secs| variable(&load, pace, secs, Parts::SMALL));
    let workers = [item(&costs[0], "workers"), item(&costs[1], "workers")];
    let stored = item(&costs[1], "storage");
    let spent = [total(&costs[0]) - stored, total(&costs[1]) - stored];
    vec![
        name.to_owned(),
        thousands(load.rows * pace.source_bytes / GB, 1),
        span(hours[0], hours[1], |value| thousands(value, 2)),
        span(workers[0], workers[1], usd),
        usd(spent[0] - workers[0]),
        span(spent[0], spent[1], usd),
        span(glue(&load, pace), glue_as_slow(&load, pace), usd),
        usd(snapshot(&load, pace)),
        usd(stored),
    ]
}

/// Returns the table of the measured paces, per million rows.
fn paces(measured: &Measured) -> Result<String> {
    let mut rows = Vec::new();
    for format in measured.formats.keys() {
        let pace = Pace::of(measured, format)?;
        rows.push(vec![
            format.clone(),
            format!("{:.2}", pace.cpu_secs * 1e6),
            format!("{:.2}", pace.database_secs * 1e6),
            format!("{:.1}", pace.run_secs * 1e6),
            format!("{:.0}", pace.run_secs / pace.least_secs()),
            format!("{:.0}", pace.source_bytes),
            format!("{:.0}", pace.file_bytes),
        ]);
    }
    let head = [
        "format",
        "processor seconds of a worker",
        "seconds of a session",
        "seconds that a run held its workers",
        "times the floor",
        "bytes read per row",
        "bytes of file per row",
    ];
    Ok(table(&head, &rows))
}

#[cfg(test)]
mod tests {
    use super::super::template;
    use super::*;

    #[test]
    fn the_page_shows_the_distance_between_floor_and_measured_run() {
        let measured = Measured::load().unwrap();
        let page = document(&measured, template::watched().unwrap()).unwrap();
        let format = &measured.formats[USUAL];
        let run = measured.runs.iter().find(|run| run.format == USUAL).unwrap();
        let planned: u64 = run.planned_bytes.iter().sum();
        let held = run.wall_secs * f64::from(run.budget) / planned as f64;
        let least = format.cpu_secs.max(format.database_secs) / format.source_bytes as f64;
        assert!(held > least);
        assert!(page.contains(&format!(": {:.0} times slower per row of `csv.gzip`", held / least)));
        // Four workers, a billion rows.
        let hours = 1e9 * format.source_bytes as f64 / format.rows as f64 * held / 4.0 / 3600.0;
        let row = page.lines().find(|line| line.starts_with("| a billion rows, csv.gzip |")).unwrap();
        assert!(row.split(" | ").nth(2).unwrap().ends_with(&format!(" – {hours:.2}")), "{row}");
    }
}
