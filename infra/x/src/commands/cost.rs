//! `cargo x cost`: the model of cost and scale, and the documents made from it.
//!
//! Prices and constants that the product uses are those of the crate `export`; the measurements are those of
//! `infra/measured.json`.

mod cost_page;
mod dispatch;
mod measure;
mod measured;
mod month;
mod prices;
mod random;
mod scale;
mod scale_page;
mod simulate;
mod template;
mod text;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};

use crate::commands::check::Verdict;
use crate::commands::options::Named;
use crate::machine::paths;
use measured::Measured;
pub(crate) use month::Parts;

/// Command that writes the documents.
const COMMAND: &str = "cargo x cost";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CostArgs {
    #[command(subcommand)]
    task: Option<Task>,
    /// Compare the documents with the model instead of writing them.
    #[arg(long)]
    check: bool,
}

#[derive(Subcommand)]
enum Task {
    /// Export the sample of a running stack once per format; print `formats` and `runs` of infra/measured.json.
    Measure(measure::MeasureArgs),
    /// Time decisions of dispatch() on a running stack; print `dispatch` of infra/measured.json.
    Dispatch(dispatch::DispatchArgs),
}

/// Runs `cargo x cost`.
pub(crate) fn run(args: &CostArgs) -> Result<ExitCode> {
    match &args.task {
        Some(Task::Measure(args)) => measure::run(args)?,
        Some(Task::Dispatch(args)) => dispatch::run(args)?,
        None if args.check => compare()?,
        None => write()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Compares the documents with the model, for `cargo x check`.
pub(crate) fn documents() -> Result<Verdict> {
    compare().map(|()| Verdict::Clean)
}

/// Returns the US dollars that a deployment with these parts costs in a month without exports, without its database.
pub(crate) fn idle_usd(parts: Parts) -> Result<f64> {
    Ok(month::total(&month::fixed(template::watched()?, parts)))
}

/// Returns each document's path and text.
fn made() -> Result<[(PathBuf, String); 2]> {
    let measured = Measured::load()?;
    let infra = paths::root().join("infra");
    Ok([
        (infra.join("COST.md"), cost_page::document(&measured, template::watched()?)?),
        (infra.join("SCALE.md"), scale_page::document(&measured)?),
    ])
}

fn write() -> Result<()> {
    for (file, text) in made()? {
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        eprintln!("▸ Wrote {}", file.display());
    }
    Ok(())
}

fn compare() -> Result<()> {
    for (file, text) in made()? {
        let found = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        if let Some((number, line)) = difference(&found, &text) {
            bail!(
                "{}:{number} is out of date; the model gives:\n{line}\nupdate the file with `{COMMAND}`",
                file.display()
            );
        }
    }
    Ok(())
}

/// Returns the number of the first line that differs, from 1, and the line as it is wanted.
fn difference<'a>(found: &str, wanted: &'a str) -> Option<(usize, &'a str)> {
    if found == wanted {
        return None;
    }
    let (mut found, mut wanted) = (found.split('\n'), wanted.split('\n'));
    let mut number = 0;
    loop {
        number += 1;
        match (found.next(), wanted.next()) {
            (None, None) => return None,
            (found, wanted) if found != wanted => return Some((number, wanted.unwrap_or_default())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documents_are_current() {
        compare().unwrap();
    }

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(difference("a\nb\n", "a\nc\n"), Some((2, "c")));
        assert_eq!(difference("a\n", "a"), Some((2, "")));
    }
}
