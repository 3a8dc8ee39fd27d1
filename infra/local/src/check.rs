//! `cargo x check`: everything that can be known without running the system.

use std::process::{Command, ExitCode};

use anyhow::Result;

use crate::progress::Step;
use crate::venv::Venv;
use crate::{binaries, place, process, signals};

/// Format, clippy, documentation and template; the first that fails ends it.
pub(crate) fn run() -> Result<ExitCode> {
    let mut format = binaries::cargo(&["fmt", "--all", "--check"]);
    step("Format", &mut format, "run `cargo fmt`")?;

    let mut clippy = binaries::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]);
    step("Clippy", &mut clippy, "see the warnings above")?;

    let mut doc =
        binaries::cargo(&["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"]);
    step("Documentation", doc.env("RUSTDOCFLAGS", "-D warnings"), "see the warnings above")?;

    let mut validate = Command::new(Venv::lint()?.program("sam"));
    validate.args(["validate", "--lint", "--template"]).arg(place::root().join("template.yaml"));
    validate.env("SAM_CLI_TELEMETRY", "0").env("AWS_DEFAULT_REGION", "us-east-1").current_dir(place::root());
    step("Template", &mut validate, "see the findings above")?;
    Ok(ExitCode::SUCCESS)
}

fn step(what: &str, command: &mut Command, remedy: &str) -> Result<()> {
    let step = Step::start(what);
    process::run(command, remedy)?;
    signals::check()?;
    step.done("clean");
    Ok(())
}
