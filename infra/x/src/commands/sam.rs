//! `cargo x sam`: the SAM command with everything it needs to build Rust functions without Docker.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::binaries::Architecture;
use crate::binaries::sam::command;
use crate::machine::venv::Venv;

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
