//! `cargo x demo`: exports the whole sample database with the `sluice` command, then compares every file with
//! PostgreSQL's own output. With `--source`, it exports a bounded part of the user's own database.

mod own;
mod summary;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::options::Named;
use super::source_options::SourceArgs;
use crate::binaries::{self, Build};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, python, signals};
use crate::stack::cdn::Served;
use crate::stack::start::{SESSIONS, StackSpec, TENANT, start_beside};
use crate::stack::state::{Guard, Stack, refused_sessions};
use crate::verify::{self, Comparison, Database, Oracle};
use summary::Summary;

/// Eleven months, the range of the request that Sluice was written for.
pub(crate) const FIRST_DAY: &str = "2023-08-31";
pub(crate) const LAST_DAY: &str = "2024-08-04";
/// Number of datasets compared at once.
const JOBS: usize = 2;

/// Options of `cargo x demo`.
#[derive(Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) stack: Named,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// With --source: export the last N days, or all days if no dataset with a range column has rows in them.
    #[arg(long, value_name = "N", default_value_t = 30, requires = "source")]
    pub(crate) days: u32,
    /// With --source: export the smallest datasets up to this size in all, as estimated.
    #[arg(long, value_name = "MB", default_value_t = 256, requires = "source")]
    pub(crate) max_megabytes: u64,
    /// Use the existing binaries without building.
    #[arg(long)]
    pub(crate) built: bool,
    /// Output directory; defaults to a directory under target/, which is emptied first.
    #[arg(long)]
    pub(crate) out: Option<PathBuf>,
    /// Scale of the sample database if the demo starts its own stack.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) scale: f64,
}

/// Runs the demo. Exit code 0 only if every dataset agrees with the database.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode> {
    let build = (!args.built).then(binaries::start_build).transpose()?;
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    prerequisites::install_nginx();
    let source = args.source.open(&args.stack.name, SESSIONS, &[], &venv)?;
    if let Some(source) = source {
        build.map_or(Ok(()), Build::finish)?;
        return own::run(args, &source, &venv);
    }
    let (_guard, stack) = stack(args, build, &venv)?;

    let refused_before = refused_sessions(&stack.postgres_log)?;
    let out = folder(args)?;
    let served = served(&stack)?;
    let (export, took) = export(&stack, &out)?;
    let chunks = chunks(&stack, &venv, &export)?;
    let downloads = served.map(|before| download_again(&stack, &export, before)).transpose()?;
    let refused = refused_sessions(&stack.postgres_log)? - refused_before;
    let results = compare(&stack, &venv, &out)?;

    let summary = Summary::new(&export, &chunks, &results, took, refused, downloads);
    println!("\n{summary}\n\nThe files are in {}", out.display());
    Ok(if summary.all_agree() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Returns the running stack, or starts one that ends with the demo, after the build.
fn stack(args: &DemoArgs, build: Option<Build>, venv: &Venv) -> Result<(Option<Guard>, Stack)> {
    let name = &args.stack.name;
    if let Ok(stack) = Stack::running_one(name) {
        build.map_or(Ok(()), Build::finish)?;
        return Ok((None, stack));
    }
    let spec = StackSpec { cdn: true, ..StackSpec::sample(name, args.scale) };
    let (guard, stack) = start_beside(build, &spec, venv)?;
    Ok((Some(guard), stack))
}

fn folder(args: &DemoArgs) -> Result<PathBuf> {
    if let Some(out) = &args.out {
        return Ok(out.clone());
    }
    let out = paths::home()?.join("demo-files");
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    Ok(out)
}

/// Returns the command line client, configured for this stack and for JSON output.
fn sluice(stack: &Stack) -> Result<Command> {
    let mut sluice = environment::command(paths::binaries()?.join("sluice"));
    sluice.arg("--json").env("SLUICE_URL", &stack.url).env("SLUICE_KEY", &stack.key);
    Ok(sluice)
}

/// Exports the sample. Returns the JSON output and the time it took, downloads included.
fn export(stack: &Stack, out: &Path) -> Result<(Value, Duration)> {
    let step = Step::start("Exporting all datasets with the sluice command");
    let exported = export_with(stack, &["*", "--from", FIRST_DAY, "--to", LAST_DAY], out)?;
    step.done("exported and downloaded");
    Ok(exported)
}

/// Runs `sluice export` with these arguments. Returns its JSON output and the time it took, downloads included.
fn export_with(stack: &Stack, arguments: &[&str], out: &Path) -> Result<(Value, Duration)> {
    let began = Instant::now();
    let output = sluice(stack)?
        .arg("export")
        .args(arguments)
        .arg("--out")
        .arg(out)
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start sluice")?;
    signals::check()?;
    let said: Value = serde_json::from_slice(&output.stdout).context("sluice --json did not print JSON")?;
    if !output.status.success() {
        bail!("sluice export failed ({}):{}", output.status, reasons(&said));
    }
    Ok((said, began.elapsed()))
}

/// Returns the counts of the CDN so far, if there is a CDN.
fn served(stack: &Stack) -> Result<Option<Served>> {
    (!stack.cdn_url.is_empty()).then(|| Served::so_far(stack)).transpose()
}

/// Downloads all files a second time and discards them. Returns the counts of the CDN for both times.
fn download_again(stack: &Stack, export: &Value, before: Served) -> Result<[Served; 2]> {
    let step = Step::start("Downloading all files a second time");
    let first = Served::so_far(stack)?;
    let id = export["export"]["id"].as_str().context("sluice export printed no id")?;
    let out = stack.work_dir.join("tmp").join("again");
    let status = sluice(stack)?
        .args(["download", id, "--out"])
        .arg(&out)
        .stdout(Stdio::null())
        .status()
        .context("cannot start sluice")?;
    signals::check()?;
    fs::remove_dir_all(&out)?;
    if !status.success() {
        bail!("sluice download failed ({status})");
    }
    step.done("downloaded");
    Ok([first.since(before), Served::so_far(stack)?.since(first)])
}

/// Lists each reason of a failed export once, with the number of chunks it stopped.
fn reasons(said: &Value) -> String {
    let errors = said["export"]["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut counts = BTreeMap::new();
    for message in errors.iter().filter_map(|error| error["message"].as_str()) {
        *counts.entry(message).or_insert(0) += 1;
    }
    if counts.is_empty() {
        return format!(" {said}");
    }
    counts.iter().map(|(message, chunks)| format!("\n  {chunks} × {message}")).collect()
}

fn chunks(stack: &Stack, venv: &Venv, export: &Value) -> Result<Value> {
    let id = export["export"]["id"].as_str().context("sluice export printed no id")?;
    python::call(&venv.python(), "cost/chunks.py", &json!({"url": stack.url, "key": stack.key, "export": id}))
}

fn compare(stack: &Stack, venv: &Venv, out: &Path) -> Result<BTreeMap<String, Comparison>> {
    let step = Step::start("Comparing every file with PostgreSQL's own output");
    let database = Database { psql: stack.postgres_bin.join("psql"), url: stack.owner_url.clone() };
    let oracle = Oracle {
        python: venv.python(),
        catalog: paths::root().join("infra/sample/catalog.toml"),
        tenant: TENANT.to_owned(),
        start: FIRST_DAY.to_owned(),
        end: LAST_DAY.to_owned(),
    };
    let selects = verify::selects(&database, &oracle)?;
    let files = verify::files_in(out)?;
    let results = verify::whole(&database, &selects, &files, JOBS, |name, comparison| {
        for problem in &comparison.problems {
            eprintln!("  {name}: {problem}");
        }
    })?;
    signals::check()?;
    step.done("compared");
    Ok(results)
}
