//! `cargo x sam`: SAM's command with everything that it needs to build Rust functions without Docker.

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::place;
use crate::venv::Venv;

/// Passes its words on to `sam`; without any, or with flags only, it is `sam build`.
pub(crate) fn run(args: &[String]) -> Result<ExitCode> {
    let venv = Venv::sam()?;
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(venv.bin()).chain(env::split_paths(&inherited)))?;
    let mut sam = Command::new(venv.program("sam"));
    if args.first().is_none_or(|word| word.starts_with('-')) {
        sam.args(["build", "--beta-features"]);
    }
    sam.args(args).env("PATH", path).env("SAM_CLI_TELEMETRY", "0").current_dir(place::root());
    let status = sam.status().context("cannot start sam")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
