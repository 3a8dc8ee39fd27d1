//! The sample database: loaded in the background while other parts of a stack start.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anyhow::{Context, Result, bail};

use super::admin;
use super::state::Stack;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, signals};

/// Remedy for a load that failed.
const REMEDY: &str = "see its messages above";

/// A load that has not ended yet. It is killed if the command ends before it.
#[must_use = "the sample is complete when the load is finished"]
pub(super) struct Loading {
    child: Child,
    log: PathBuf,
}

impl Loading {
    /// Starts to load the sample at this scale. Its messages go to a file of the stack.
    pub(super) fn start(stack: &Stack, venv: &Venv, scale: f64) -> Result<Self> {
        let log = stack.work_dir.join("sample.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut load = load(stack, venv);
        load.args(["--scale", &scale.to_string()]).stdin(Stdio::null());
        let child = load.stderr(out.try_clone()?).stdout(out).spawn().context("cannot start python")?;
        Ok(Self { child, log })
    }

    /// Waits for the end of the load, and lets the source role read the sample.
    pub(super) fn finish(mut self, stack: &Stack, venv: &Venv) -> Result<()> {
        let step = Step::start("Loading the sample database");
        let status = self.child.wait().context("cannot wait for the load of the sample")?;
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        signals::check()?;
        if !status.success() {
            bail!("the load of the sample ended with {status}:\n{}", said.trim_end());
        }
        // The role may have been created after the load looked for it.
        process::run(load(stack, venv).arg("--grant").stdout(Stdio::null()), REMEDY)?;
        step.done(said.lines().last().unwrap_or("loaded"));
        signals::check()
    }
}

impl Drop for Loading {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Applies the catalog of the sample.
pub(super) fn apply_catalog(stack: &Stack, venv: &Venv) -> Result<()> {
    let step = Step::start("Applying the sample catalog");
    let catalog = file("catalog.toml");
    admin::expect(stack, venv, &["catalog", "apply", &catalog.to_string_lossy()])?;
    let datasets =
        fs::read_to_string(&catalog)?.lines().filter(|line| line.starts_with("[datasets.")).count();
    step.done(&format!("{datasets} datasets"));
    signals::check()
}

fn load(stack: &Stack, venv: &Venv) -> std::process::Command {
    let mut load = environment::command(venv.python());
    load.arg(file("load.py")).args(["--url", &stack.owner_url]).env("PYTHONDONTWRITEBYTECODE", "1");
    load
}

fn file(name: &str) -> PathBuf {
    paths::root().join("infra/sample").join(name)
}
