//! `cargo deny`, as `cargo x check` runs it: licences, bans and sources always, advisories if their database is
//! reachable. `deny.toml` has the rules and their reasons.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process};

/// Variable that turns a skipped check into a failure. CI sets it on machines with network access.
pub(crate) const REQUIRED: &str = "SLUICE_ADVISORIES_REQUIRED";

/// Seconds without a byte after which the advisory database counts as unreachable.
const SILENCE_SECONDS: &str = "60";

/// Message of cargo-deny when it cannot fetch the database.
const UNREACHABLE: &str = "failed to fetch advisory database";

/// Result of a step that may be impossible on a machine.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Clean,
    /// Reason why it was skipped.
    Skipped(String),
}

/// Checks licences, bans and sources of every crate in the lock file.
pub(crate) fn dependencies() -> Result<Verdict> {
    let program = match program() {
        Ok(program) => program,
        Err(error) => return Ok(Verdict::Skipped(format!("cargo-deny is not available here: {error:#}"))),
    };
    process::run(checking(program, &["licenses", "bans", "sources"]).stderr(Stdio::inherit()), "see above")?;
    Ok(Verdict::Clean)
}

/// Checks the crates for known vulnerabilities.
pub(crate) fn advisories() -> Result<Verdict> {
    let Ok(program) = program() else {
        return Ok(Verdict::Skipped("cargo-deny is not available here".into()));
    };
    let mut command = checking(program, &["advisories"]);
    // The program fetches the database by git, which gives up a server that sends nothing.
    command.env("GIT_HTTP_LOW_SPEED_LIMIT", "1").env("GIT_HTTP_LOW_SPEED_TIME", SILENCE_SECONDS);
    let output = command.stdout(Stdio::inherit()).output().context("cannot start cargo-deny")?;
    verdict(output.status.success(), &String::from_utf8_lossy(&output.stderr))
}

fn verdict(succeeded: bool, said: &str) -> Result<Verdict> {
    if succeeded {
        return Ok(Verdict::Clean);
    }
    if said.contains(UNREACHABLE) {
        return Ok(Verdict::Skipped("the advisory database cannot be reached".into()));
    }
    eprint!("{said}");
    bail!("an advisory applies to a dependency, see above");
}

fn checking(program: PathBuf, what: &[&str]) -> Command {
    let mut command = environment::command(program);
    // Warnings are about rules that are no longer needed. They are printed and do not fail the check.
    command.args(["--log-level", "error", "check", "--hide-inclusion-graph"]).args(what);
    // A database that requires a password counts as unreachable.
    command.current_dir(paths::root()).env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    command
}

/// Returns the pinned program of the project, or the one installed on this machine.
fn program() -> Result<PathBuf> {
    let pinned = Venv::deny().map(|venv| venv.program("cargo-deny"));
    pinned.or_else(|error| installed().ok_or(error))
}

fn installed() -> Option<PathBuf> {
    let program = PathBuf::from("cargo-deny");
    let found =
        environment::command(&program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then_some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreachable_advisory_database_is_a_skip_not_a_pass() {
        assert_eq!(verdict(true, "").ok(), Some(Verdict::Clean));
        let said = "[ERROR] failed to fetch advisory database https://example.org with cli";
        assert!(matches!(verdict(false, said), Ok(Verdict::Skipped(_))));
        assert!(verdict(false, "error[vulnerability]: a hole").is_err());
    }
}
