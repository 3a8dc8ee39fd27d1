//! `cargo x bench`: compares the worker with its peers on one table in one interleaved run, and prints separate tables
//! for memory, cold start, planning and flood.
//!
//! It only measures and reports: a missed goal is a finding and does not fail the command. Linux only, because it reads
//! `/proc`.

mod cold;
mod database;
mod engine;
mod flood;
mod goals;
mod lines;
mod measure;
mod memory;
mod plan;
mod proc;
mod report;
mod rounds;
mod table;
mod unchanged;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::machine::venv::Venv;
use crate::machine::{paths, prerequisites, signals};
use database::{Contents, Database};
use engine::{Printed, Sink};
use lines::{How, LINES, Line, NARROW, ORDERS, RunPaths};
use measure::{Run, measure};
use report::BenchReport;
use rounds::Rule;

const FULL: Rule = Rule { quiet_runs: 3, most_rounds: 8 };
const QUICK: Rule = Rule { quiet_runs: 2, most_rounds: 3 };
/// Time limit of the quick table: no round begins that would end later. Every line gets equally many tries.
const QUICK_TIME: Duration = Duration::from_secs(180);
/// Rows of `narrow` per row of `orders`. Both tables have about as many bytes.
const NARROW_ROWS: u64 = 5;

/// Options of `cargo x bench`.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Run a separate benchmark instead of the main table.
    pub(crate) part: Option<BenchPart>,
    /// Take about three minutes after build and loading: fewer runs, without `narrow`.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Number of rows in `orders`.
    #[arg(long, default_value_t = 1_000_000)]
    pub(crate) rows: u64,
    /// Scale of the sample database of `unchanged`.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
    /// Run only lines whose name contains this text.
    #[arg(long, value_name = "PATTERN")]
    pub(crate) only: Option<String>,
}

/// Separate benchmarks.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum BenchPart {
    /// Peak memory of the worker.
    Memory,
    /// Cold start, warm status call and size of every function, as deployed.
    Cold,
    /// Time to plan a usual request and the widest possible one.
    Plan,
    /// Status calls and export of one tenant while another sends the worst requests over six connections.
    Flood,
    /// A second export of the whole sample after few rows were changed, compared with the first one.
    Unchanged,
}

/// Runs the requested part of the bench, or the main table.
pub(crate) fn run(args: &BenchArgs) -> Result<ExitCode> {
    if !cfg!(target_os = "linux") {
        bail!("cargo x bench measures by /proc and runs on Linux only");
    }
    match args.part {
        Some(BenchPart::Memory) => memory::run(),
        Some(BenchPart::Cold) => cold::run(),
        Some(BenchPart::Plan) => plan::run(),
        Some(BenchPart::Flood) => flood::run(),
        Some(BenchPart::Unchanged) => unchanged::run(args.scale),
        None => table(args),
    }
}

/// Runs of one line so far, or the reason why there are none.
#[derive(Default)]
struct LineRuns {
    runs: Vec<Run>,
    printed: Vec<Printed>,
    failure: Option<String>,
}

fn table(args: &BenchArgs) -> Result<ExitCode> {
    let chosen = |line: &&Line| {
        args.only.as_ref().is_none_or(|pattern| line.name.contains(pattern.as_str()))
            && (!args.quick || line.table == ORDERS)
    };
    let lines: Vec<&Line> = LINES.iter().filter(chosen).collect();
    if lines.is_empty() {
        bail!("no benchmark matches; available: {}", names());
    }
    let (stack, peers) = (Venv::stack()?, Venv::bench()?);
    let engine = engine::build()?;
    let rows = BTreeMap::from([(ORDERS, args.rows), (NARROW, args.rows * NARROW_ROWS)]);
    let contents = Contents {
        name: "orders",
        scripts: &["orders.sql"],
        variables: vec![("n", rows[ORDERS]), ("m", rows[NARROW])],
    };
    let database = Database::start(&contents, &stack)?;
    let paths = paths(&database, &peers, engine, &[ORDERS, NARROW])?;
    let rule = if args.quick { QUICK } else { FULL };
    let progress = rounds(&lines, &paths, &rows, rule, args.quick.then_some(QUICK_TIME))?;
    let about = format!(
        "PostgreSQL {}, {}, orders {} rows, narrow {} rows",
        database.ask("show server_version")?,
        proc::machine(),
        rows[ORDERS],
        rows[NARROW]
    );
    drop(database);
    let report = report(about, rows, &lines, progress, rule);
    let file = paths.folder.join("result.json");
    report.write(&file)?;
    report.print();
    eprintln!("\nall runs: {}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// Prepares everything a run needs, with the tables resolved and loaded into the server's memory.
fn paths(database: &Database, peers: &Venv, engine: PathBuf, tables: &[&str]) -> Result<RunPaths> {
    let folder = paths::stack("bench")?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let paths = RunPaths {
        psql: database.psql(),
        python: peers.python(),
        script: paths::script("x/src/bench/peers.py"),
        sink: Sink::start(&engine)?,
        engine,
        url: database.url.clone(),
        folder,
        database: database.pid,
    };
    for table in tables {
        engine::resolve(&paths.engine, &paths.url, table, &paths.dataset(table))?;
        database.ask(&format!("select count(*) from public.{table}"))?;
    }
    Ok(paths)
}

fn rounds(
    lines: &[&Line],
    paths: &RunPaths,
    rows: &BTreeMap<&str, u64>,
    rule: Rule,
    time: Option<Duration>,
) -> Result<Vec<LineRuns>> {
    let begun = Instant::now();
    let mut all: Vec<LineRuns> = lines.iter().map(|_| LineRuns::default()).collect();
    for round in 1..=rule.most_rounds {
        // Assumes that the next round takes as long as the previous ones on average.
        let next = begun.elapsed().checked_div(u32::try_from(round - 1)?).unwrap_or_default();
        if time.is_some_and(|time| begun.elapsed() + next > time) {
            break;
        }
        for (line, progress) in lines.iter().zip(&mut all) {
            if progress.failure.is_some() || rule.satisfied(&progress.runs) {
                continue;
            }
            eprint!("  round {round}: {:<34}", line.name);
            match once(line, paths, rows) {
                Ok((run, printed)) => {
                    let noise = if run.quiet() { String::new() } else { " (disturbed)".to_owned() };
                    eprintln!("{:>6.2} s{noise}", run.wall_secs);
                    progress.runs.push(run);
                    progress.printed.extend(printed);
                }
                Err(error) => {
                    signals::check()?;
                    eprintln!("skipped: {error:#}");
                    progress.failure = Some(format!("{error:#}"));
                }
            }
            signals::check()?;
        }
    }
    Ok(all)
}

fn once(line: &Line, paths: &RunPaths, rows: &BTreeMap<&str, u64>) -> Result<(Run, Option<Printed>)> {
    if let Some(program) = line.needs().filter(|program| prerequisites::find(program).is_none()) {
        bail!("{program} is not installed (`apt-get install {program}`)");
    }
    let out = paths.out();
    let _ = fs::remove_file(&out);
    let mut run = measure(line.command(paths), paths.beside(), &paths.folder)?;
    run.out_bytes = fs::metadata(&out).ok().map(|meta| meta.len());
    let _ = fs::remove_file(&out);
    match line.how {
        How::Engine(..) => {
            let printed = printed(paths)?;
            let expected = rows.get(line.table).copied().unwrap_or(0);
            if printed.rows != expected {
                bail!("got {} rows instead of {expected}", printed.rows);
            }
            run.out_bytes = Some(printed.bytes);
            Ok((run, Some(printed)))
        }
        // The shell reports only the exit status of the last program in a pipe, so stderr is checked.
        How::Psql { .. } => match fs::read_to_string(paths.folder.join("stderr"))?.trim() {
            "" => Ok((run, None)),
            said => bail!("{said}"),
        },
        How::Peer(_) => Ok((run, None)),
    }
}

/// Reads the numbers that the engine printed for the last run.
fn printed(paths: &RunPaths) -> Result<Printed> {
    let said = fs::read_to_string(paths.folder.join("stdout"))?;
    serde_json::from_str(&said).context("the engine printed unexpected output")
}

fn report(
    about: String,
    rows: BTreeMap<&'static str, u64>,
    lines: &[&Line],
    all: Vec<LineRuns>,
    rule: Rule,
) -> BenchReport {
    let (mut summaries, mut failures, mut runs) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
    for (line, progress) in lines.iter().zip(all) {
        if let Some(failure) = progress.failure {
            failures.push((line.name, failure));
            continue;
        }
        match rule.summary(&progress.runs) {
            Some(summary) => drop(summaries.insert(line.name, summary)),
            None => failures.push((line.name, "it was never run".to_owned())),
        }
        runs.insert(line.name, json!({ "runs": progress.runs, "engine": progress.printed }));
    }
    BenchReport {
        about,
        rows,
        lines: summaries,
        failures,
        runs: serde_json::to_value(runs).unwrap_or(Value::Null),
    }
}

fn names() -> String {
    LINES.iter().map(|line| line.name).collect::<Vec<_>>().join("; ")
}
