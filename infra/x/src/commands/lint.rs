//! `cargo x lint`: a security scanner for all templates. Separate from `cargo x check`, because it installs 300 MB.

use std::process::ExitCode;

use anyhow::Result;

use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process};

/// Scans the templates. Exceptions and their reasons are listed in `infra/.checkov.yml` and next to the resources.
pub(crate) fn run() -> Result<ExitCode> {
    let venv = Venv::scan()?;
    let step = Step::start("Scanning the templates");
    let mut checkov = environment::command(venv.program("checkov"));
    checkov.args(["--config-file", "infra/.checkov.yml"]);
    for template in paths::templates()? {
        checkov.arg("--file").arg(template);
    }
    process::run(checkov.current_dir(paths::root()), "see above")?;
    step.done("clean");
    Ok(ExitCode::SUCCESS)
}
