//! `cargo x check`: everything that can be checked without running the system.

mod deny;
mod redocly;
mod scan;
mod texts;
mod voice;

use std::process::{Command, ExitCode};

use anyhow::{Result, bail};

use crate::binaries;
use crate::commands::cost;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, signals};
pub(crate) use deny::Verdict;
pub(crate) use texts::print as print_texts;

/// A check of the dependencies.
type Judge = fn() -> Result<Verdict>;

/// Runs format, clippy, documentation, templates and dependencies. All of them run, so that one run reports everything.
pub(crate) fn run() -> Result<ExitCode> {
    let mut failed = Vec::new();
    for (what, mut command) in steps()? {
        let step = Step::start(what);
        let result = process::run(&mut command, "see above");
        signals::check()?;
        match result {
            Ok(()) => step.done("clean"),
            Err(error) => {
                step.done(&format!("{error:#}"));
                failed.push(what);
            }
        }
    }
    let judges: [(&str, Judge); 5] = [
        ("language", voice::language),
        ("cost and scale", cost::documents),
        ("description of the api", redocly::description),
        ("dependencies", deny::dependencies),
        ("advisories", deny::advisories),
    ];
    for (what, judge) in judges {
        let step = Step::start(what);
        let verdict = judge();
        signals::check()?;
        match verdict {
            Ok(Verdict::Clean) => step.done("clean"),
            Ok(Verdict::Skipped(why)) => {
                step.done(&format!("skipped: {why}"));
                // CI sets the variable, so that an unreachable database fails the check instead of skipping it.
                if std::env::var_os(deny::REQUIRED).is_some() {
                    failed.push(what);
                }
            }
            Err(error) => {
                step.done(&format!("{error:#}"));
                failed.push(what);
            }
        }
    }
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(ExitCode::SUCCESS)
}

fn steps() -> Result<[(&'static str, Command); 5]> {
    let format = binaries::cargo(&["fmt", "--all", "--check"]);
    let clippy = binaries::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    let mut doc =
        binaries::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    doc.env("RUSTDOCFLAGS", "-D warnings");
    let lint = Venv::lint()?;
    let mut template = environment::command(lint.program("sam"));
    template.args(["validate", "--lint", "--template"]).arg(paths::root().join("template.yaml"));
    template.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "us-east-1").current_dir(paths::root());
    let mut nested = environment::command(lint.program("cfn-lint"));
    nested.args(paths::templates()?).current_dir(paths::root());
    Ok([
        ("format", format),
        ("clippy", clippy),
        ("documentation", doc),
        ("template", template),
        ("nested templates", nested),
    ])
}
