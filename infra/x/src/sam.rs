//! `cargo x sam`: the SAM command with everything it needs to build Rust functions without Docker.

mod target;

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::progress::Step;
use crate::venv::Venv;
use crate::{place, process, signals, surroundings};
pub(crate) use target::Architecture;

/// Passes its arguments to `sam`. Without any, or with flags only, it runs `sam build`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let flags_only = args.first().is_none_or(|word| word.starts_with('-'));
    if flags_only || args.first().is_some_and(|word| word == "build") {
        Architecture::wanted(args).installed()?;
    }
    let mut sam = command(&Venv::sam()?, "sam")?;
    if flags_only {
        sam.args(["build", "--beta-features"]);
    }
    let status = sam.args(args).status().context("cannot start sam")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Returns a program of SAM's environment that finds the other programs of that environment.
pub(crate) fn command(venv: &Venv, program: &str) -> Result<Command> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(venv.bin()).chain(env::split_paths(&inherited)))?;
    let mut command = surroundings::with_aws(venv.program(program));
    command.env("PATH", path).env("SAM_CLI_TELEMETRY", "0").current_dir(place::root());
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
    Ok(place::root().join(".aws-sam/build"))
}
