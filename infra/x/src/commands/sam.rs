//! `cargo x sam`: the SAM command with everything it needs to build Rust functions without Docker.

use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::binaries::sam::{command, folder};
use crate::binaries::{Architecture, elf};
use crate::machine::venv::Venv;

/// Passes its arguments to `sam`. Without any, or with flags only, it runs `sam build`. Refuses to deploy functions that were
/// built for another processor than the arguments name.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let flags_only = args.first().is_none_or(|word| word.starts_with('-'));
    if flags_only || args.first().is_some_and(|word| word == "build") {
        Architecture::wanted(args).installed()?;
    }
    if let (Some("deploy"), Some(wanted)) = (args.first().map(String::as_str), Architecture::requested(args))
        && folder().is_dir()
    {
        elf::require(&folder(), wanted)?;
    }
    let mut sam = command(&Venv::sam()?, "sam")?;
    if flags_only {
        sam.args(["build", "--beta-features"]);
    }
    let status = sam.args(args).status().context("cannot start sam")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
