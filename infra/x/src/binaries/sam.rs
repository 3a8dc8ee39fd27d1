//! Programs of SAM's Python environment, and the deployable functions that `sam build` makes.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::Architecture;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, signals};

/// Returns a program of SAM's environment that finds the other programs of that environment.
pub(crate) fn command(venv: &Venv, program: &str) -> Result<Command> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(venv.bin()).chain(env::split_paths(&inherited)))?;
    let mut command = environment::with_aws(venv.program(program));
    command.env("PATH", path).env("SAM_CLI_TELEMETRY", "0").current_dir(paths::root());
    Ok(command)
}

/// Runs `sam build` for this machine's processor. Returns the folder with the template and one folder for each
/// function.
pub(crate) fn build_here(venv: &Venv) -> Result<PathBuf> {
    let step =
        Step::start("Building the functions as they are deployed (sam build); takes minutes the first time");
    let architecture = format!("Architecture={}", Architecture::here().name());
    let mut sam = command(venv, "sam")?;
    sam.args(["build", "--beta-features", "--parameter-overrides", &architecture]);
    process::run(&mut sam, "see its messages above")?;
    signals::check()?;
    step.done("built");
    Ok(paths::root().join(".aws-sam/build"))
}
