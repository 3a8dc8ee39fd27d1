//! The demo on the user's own database: the smallest datasets of the last days, up to a size in all, exported and
//! verified.

use std::process::{ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::summary::{grouped, size};
use super::{DemoArgs, export_with, folder, sluice};
use crate::commands::up::first_day;
use crate::machine::progress::Step;
use crate::machine::signals;
use crate::machine::venv::Venv;
use crate::stack::own_source::OwnSource;
use crate::stack::start::{Sample, StackSpec, start};
use crate::stack::state::Stack;

/// Output of `sluice plan`.
#[derive(Deserialize)]
struct Planned {
    datasets: Vec<PlannedDataset>,
}

/// Estimate of a dataset in the planned days. Rows and bytes are absent if they are unknown.
#[derive(Clone, Deserialize)]
struct PlannedDataset {
    name: String,
    range: Option<serde_json::Value>,
    rows: Option<u64>,
    bytes: Option<u64>,
}

/// Datasets to export, and the reasons why the others are left out.
struct Choice {
    names: Vec<String>,
    left_out: Vec<String>,
}

/// Starts a stack, exports, verifies and stops it.
///
/// # Errors
/// If the catalog was refused, nothing is small enough, or an export or its verification fails.
pub(super) fn run(args: &DemoArgs, source: &OwnSource<'_>, venv: &Venv) -> Result<ExitCode> {
    let name = &args.stack.name;
    let spec = StackSpec { cdn: true, sample: Sample::Own(source), ..StackSpec::sample(name, 1.0) };
    let (_guard, stack) = start(&spec, venv)?;
    if source.datasets().is_empty() {
        bail!("{} was refused, so there is nothing to export", source.catalog());
    }
    let step = Step::start("Planning");
    let first = first_day(args.days);
    let recent = plan(&stack, &["--from", &first])?;
    let (days, planned) =
        if has_rows(&recent) { (vec!["--from", &first], recent) } else { (Vec::new(), plan(&stack, &[])?) };
    let choice = chosen(planned, args.max_megabytes.saturating_mul(1_000_000))?;
    let range = if days.is_empty() { "all days".to_owned() } else { format!("the days from {first}") };
    step.done(&format!("{} datasets, {range}", choice.names.len()));

    let out = folder(args)?;
    let step = Step::start("Exporting with the sluice command");
    let arguments: Vec<&str> = choice.names.iter().map(String::as_str).chain(days).collect();
    let (export, took) = export_with(&stack, &arguments, &out)?;
    step.done("exported and downloaded");
    let step = Step::start("Verifying every file against the manifest");
    let verify = sluice(&stack)?.arg("verify").arg(&out).stdout(Stdio::null()).status();
    if !verify.context("cannot start sluice")?.success() {
        bail!("sluice verify failed for {}", out.display());
    }
    signals::check()?;
    step.done("verified");

    let progress = &export["export"]["progress"];
    println!("\n  datasets   {} with {range}", choice.names.len());
    println!("  rows       {}", grouped(progress["rows"].as_u64().unwrap_or_default()));
    println!("  files      {}", size(progress["bytes"].as_u64().unwrap_or_default()));
    println!("  seconds    {:.1}, downloads included", took.as_secs_f32());
    println!("  verified   rows, SHA-256, ranges and completeness of every file, by the manifest");
    for reason in &choice.left_out {
        println!("  left out   {reason}");
    }
    println!("\nThe files are in {}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Runs `sluice plan` for all datasets.
fn plan(stack: &Stack, arguments: &[&str]) -> Result<Vec<PlannedDataset>> {
    let output = sluice(stack)?.args(["plan", "*"]).args(arguments).stderr(Stdio::inherit()).output();
    let output = output.context("cannot start sluice")?;
    if !output.status.success() {
        bail!("sluice plan failed ({})", output.status);
    }
    let planned: Planned = serde_json::from_slice(&output.stdout).context("sluice plan printed no plan")?;
    Ok(planned.datasets)
}

/// Returns true if a dataset that is cut by days has rows, as estimated.
fn has_rows(planned: &[PlannedDataset]) -> bool {
    planned.iter().any(|one| one.range.is_some() && one.rows.is_some_and(|rows| rows > 0))
}

/// Chooses the smallest datasets up to this size in all.
fn chosen(mut planned: Vec<PlannedDataset>, max_bytes: u64) -> Result<Choice> {
    planned.sort_by_key(|one| (one.bytes, one.name.clone()));
    let (mut names, mut left_out, mut total) = (Vec::new(), Vec::new(), 0_u64);
    for PlannedDataset { name, bytes, .. } in planned {
        match bytes.map(|bytes| (bytes, total.saturating_add(bytes))) {
            Some((_, sum)) if sum <= max_bytes => {
                total = sum;
                names.push(name);
            }
            Some((bytes, _)) => {
                left_out.push(format!("{name}: about {}, beyond --max-megabytes", size(bytes)))
            }
            None => left_out.push(format!("{name}: its size is unknown")),
        }
    }
    if names.is_empty() {
        bail!("no dataset is small enough: raise --max-megabytes\n{}", left_out.join("\n"));
    }
    Ok(Choice { names, left_out })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn planned(name: &str, bytes: Option<u64>) -> PlannedDataset {
        PlannedDataset { name: name.into(), range: None, rows: bytes, bytes }
    }

    #[test]
    fn smallest_datasets_are_chosen_up_to_the_limit() {
        let all = || {
            vec![planned("c", Some(60)), planned("a", Some(10)), planned("u", None), planned("b", Some(30))]
        };
        let choice = chosen(all(), 50).unwrap();
        assert_eq!(choice.names, ["a", "b"]);
        assert!(choice.left_out.iter().any(|reason| reason.starts_with("c: about")), "{:?}", choice.left_out);
        assert!(choice.left_out.iter().any(|reason| reason == "u: its size is unknown"));
        assert!(chosen(all(), 5).is_err());
    }

    #[test]
    fn only_rows_of_datasets_with_days_count_as_recent() {
        let of = |range, rows| PlannedDataset { name: "a".into(), range, rows, bytes: None };
        assert!(!has_rows(&[of(None, Some(9)), of(Some(json!({})), Some(0)), of(Some(json!({})), None)]));
        assert!(has_rows(&[of(Some(json!({})), Some(1))]));
    }
}
