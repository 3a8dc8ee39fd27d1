//! Runs the project's Python scripts: JSON in, JSON out.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{environment, paths};

/// Runs a script, named relative to `infra`, with JSON on standard input and returns the JSON that it prints. Its
/// standard error is shown as it arrives.
pub(crate) fn call(python: &Path, script: &str, input: &Value) -> Result<Value> {
    run(environment::command(python), python, script, input)
}

/// Runs a script that connects to the user's own PostgreSQL. Of libpq's variables it gets those of the password only: the
/// rest of the connection is in the URL.
pub(crate) fn call_own_server(python: &Path, script: &str, input: &Value) -> Result<Value> {
    let mut command = environment::command(python);
    for name in ["PGPASSWORD", "PGPASSFILE"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    run(command, python, script, input)
}

/// Runs a script that calls the user's own AWS account.
pub(crate) fn call_aws(python: &Path, script: &str, input: &Value) -> Result<Value> {
    run(environment::with_aws(python), python, script, input)
}

fn run(mut command: Command, python: &Path, script: &str, input: &Value) -> Result<Value> {
    let mut child = command
        .arg(paths::script(script))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", python.display()))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&serde_json::to_vec(input)?)?;
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("{script} failed ({})", output.status);
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("{script} did not return JSON"))
}
