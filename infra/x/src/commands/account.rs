//! `cargo x account-test`: starts the program of `infra/account`, which deploys to the user's own AWS account.

use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};

use crate::binaries;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, signals};

const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Options of `cargo x account-test`.
#[derive(Args)]
pub(crate) struct AccountArgs {
    /// Print the table of open questions, and do nothing else.
    #[arg(long)]
    table: bool,
    /// Do not ask before anything is created.
    #[arg(long)]
    yes: bool,
    /// Delete nothing at the end; a later run with --name deletes it.
    #[arg(long)]
    keep: bool,
    /// Continue with a deployment that --keep left.
    #[arg(long)]
    name: Option<String>,
    /// Run only this step, and the deployment if it needs one; may be repeated.
    #[arg(long, value_name = "STEP")]
    only: Vec<String>,
    /// Architecture of the functions.
    #[arg(long, default_value = "arm64")]
    architecture: String,
    /// Use the existing binaries without building.
    #[arg(long)]
    built: bool,
}

impl AccountArgs {
    /// Returns the words for the program.
    fn words(&self) -> Vec<&str> {
        let flags = [(self.table, "--table"), (self.yes, "--yes"), (self.keep, "--keep")];
        let mut words: Vec<&str> = flags.iter().filter(|(set, _)| *set).map(|&(_, flag)| flag).collect();
        words.extend(["--architecture", &self.architecture]);
        words.extend(self.name.iter().flat_map(|name| ["--name", name]));
        words.extend(self.only.iter().flat_map(|step| ["--only", step]));
        words
    }
}

/// Runs the program to its end. A signal ends its steps, but not the deletion that follows them.
pub(crate) fn run(args: &AccountArgs) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    if !args.table && !args.built {
        binaries::build()?;
    }
    let mut command = environment::with_aws(venv.python());
    command
        .arg(paths::script("account/account.py"))
        .args(args.words())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SLUICE_X", std::env::current_exe().context("cannot determine the path of cargo x")?)
        .env("SLUICE_CLI", paths::binaries()?.join("sluice"));
    let mut child = command.spawn().context("cannot start Python")?;
    let mut passed_on = false;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        if signals::interrupted() && !passed_on {
            passed_on = true;
            kill_process(Pid::from_child(&child), Signal::TERM).context("cannot reach the account test")?;
        }
        sleep(POLL_INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_passed_on() {
        let args = AccountArgs {
            table: false,
            yes: true,
            keep: true,
            name: Some("account-test-1".to_owned()),
            only: vec!["chunks".to_owned(), "large".to_owned()],
            architecture: "x86_64".to_owned(),
            built: true,
        };
        let words = "--yes --keep --architecture x86_64 --name account-test-1 --only chunks --only large";
        assert_eq!(args.words().join(" "), words);
    }
}
