//! The measured side: the worker's engine, built as deployed, and a bucket that discards everything.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::binaries;
use crate::machine::progress::Step;
use crate::machine::{environment, signals};

/// Output of the engine after a run.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Printed {
    pub(super) rows: u64,
    pub(super) bytes: u64,
    pub(super) source_bytes: u64,
    pub(super) wall_ms: u64,
    pub(super) first_row_ms: u64,
    pub(super) read_ms: u64,
    pub(super) encode_ms: u64,
    /// Peak memory of its process.
    pub(super) peak_bytes: u64,
}

/// Builds the engine in the deployment profile and returns its path.
pub(super) fn build() -> Result<PathBuf> {
    let step = Step::start("Building the worker's engine (release)");
    let mut cargo = binaries::cargo(&["build", "--release", "-p", "tests", "--bench", "engine"]);
    let output = cargo.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit()).output()?;
    signals::check()?;
    if !output.status.success() {
        bail!("the engine does not compile; see the compiler's messages above");
    }
    let engine = executable(&String::from_utf8_lossy(&output.stdout));
    step.done("built");
    engine.context("cargo did not report the path of the engine")
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut engines = messages.filter(|message| message["target"]["name"] == "engine");
    engines.find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

/// Resolves a table as `catalog apply` does and writes the result to a file.
pub(super) fn resolve(engine: &Path, url: &str, table: &str, file: &Path) -> Result<()> {
    let output = environment::command(engine).args(["resolve", url, &format!("public.{table}")]).output()?;
    if !output.status.success() {
        bail!("{table} cannot be resolved: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    fs::write(file, output.stdout).with_context(|| format!("cannot write {}", file.display()))
}

/// The bucket. It stops when this value is dropped.
pub(super) struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    pub(super) fn start(engine: &Path) -> Result<Self> {
        let child =
            environment::command(engine).arg("sink").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.context("cannot start the engine")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let port = line.trim().parse().context("the bucket did not report its port")?;
        Ok(Self { child, port })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Configures a command to upload to this bucket.
    pub(super) fn offer(&self, command: &mut Command) {
        command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", self.port));
        command.env("AWS_REGION", "us-east-1").env("AWS_ACCESS_KEY_ID", "bench");
        command.env("AWS_SECRET_ACCESS_KEY", "bench").env_remove("AWS_PROFILE");
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // The process ends at the end of its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_path_is_read_from_cargo_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"sha2\"},\"executable\":null}\nnoise\n\
                        {\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"engine\"},\"executable\":\"/t/engine-1\"}\n";
        assert_eq!(executable(messages), Some("/t/engine-1".into()));
        assert_eq!(executable("{\"reason\":\"build-finished\"}"), None);
    }
}
