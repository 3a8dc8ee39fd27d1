//! The linter of the description of the api (`functions/api/openapi.json`), as `cargo x check` runs it where Node.js is
//! installed. `redocly.yaml` has the rules and their reasons.

use std::io::ErrorKind;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use super::deny::Verdict;
use crate::machine::{environment, paths};

/// The linter, with its version.
const PACKAGE: &str = "@redocly/cli@2.77.0";

/// Beginning of npm's own messages, which it prints if it cannot install the package.
const NPM: [&str; 2] = ["npm error", "npm ERR!"];

/// Checks the description.
pub(crate) fn description() -> Result<Verdict> {
    let mut npx = environment::command("npx");
    npx.args(["--yes", PACKAGE, "lint"]).current_dir(paths::root()).stdin(Stdio::null());
    npx.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    match npx.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Verdict::Skipped("npx (Node.js) is not installed".into()))
        }
        Err(error) => Err(error).context("cannot start npx"),
        Ok(output) => verdict(
            output.status.success(),
            &[&output.stdout[..], &output.stderr].map(String::from_utf8_lossy).concat(),
        ),
    }
}

fn verdict(succeeded: bool, said: &str) -> Result<Verdict> {
    if succeeded {
        return Ok(Verdict::Clean);
    }
    if NPM.iter().any(|beginning| said.contains(beginning)) {
        return Ok(Verdict::Skipped(format!("{PACKAGE} cannot be installed")));
    }
    eprint!("{said}");
    bail!("the description breaks a rule, see above");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linter_that_cannot_be_installed_is_a_skip_not_a_pass() {
        assert_eq!(verdict(true, "").ok(), Some(Verdict::Clean));
        let said = "npm error code ENOTFOUND\nnpm error network request to the registry failed";
        assert!(matches!(verdict(false, said), Ok(Verdict::Skipped(_))));
        assert!(verdict(false, "[1] functions/api/openapi.json:1:1").is_err());
    }
}
