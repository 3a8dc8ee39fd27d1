//! `cargo x bench plan`: time to plan a usual request, and one that spans the whole calendar.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::engine;
use crate::machine::environment;

/// Numbers of datasets and the milliseconds that a plan may take.
const GOALS: [(u64, f64); 2] = [(84, 10.0), (1000, 100.0)];

/// Output of the engine.
#[derive(Deserialize)]
struct Planned {
    datasets: u64,
    span: String,
    chunks: u64,
    millis: f64,
    longest: f64,
}

/// Prints the table.
pub(super) fn run() -> Result<ExitCode> {
    let output =
        environment::command(engine::build()?).arg("plan").output().context("cannot start the engine")?;
    if !output.status.success() {
        bail!("planning failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    println!(
        "| datasets | days | chunks | ms, median | ms, longest | must | |\n|---|---|---|---|---|---|---|"
    );
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let one: Planned = serde_json::from_str(line).context("the engine printed unexpected output")?;
        let must = GOALS.iter().find(|(datasets, _)| *datasets == one.datasets).map_or(0.0, |goal| goal.1);
        let verdict = if one.millis < must { "reached" } else { "missed" };
        println!(
            "| {} | {} | {} | {:.2} | {:.2} | < {must:.0} ms | {verdict} |",
            one.datasets, one.span, one.chunks, one.millis, one.longest
        );
    }
    Ok(ExitCode::SUCCESS)
}
