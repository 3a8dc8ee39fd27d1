//! A run of `cargo build`. On a new machine it runs while other programs are downloaded and installed.

use std::io::{BufRead, BufReader, IsTerminal, Write, stderr};
use std::mem;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, bail};

use super::cargo;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{process, signals};

const REMEDY: &str = "see the compiler's messages above";

/// Targets to build.
#[derive(Clone, Copy)]
pub(super) struct Selection {
    /// Description for people.
    pub(super) what: &'static str,
    /// Arguments of `cargo build`.
    pub(super) targets: &'static [&'static str],
    /// Further arguments.
    pub(super) options: &'static [&'static str],
}

impl Selection {
    fn command(self) -> Command {
        let mut command = cargo(&["build"]);
        command.args(self.targets).args(self.options);
        command
    }
}

/// A build that has not ended yet.
#[must_use = "a build has an effect when it is finished"]
pub(crate) struct Build {
    selection: Selection,
    background: Option<Background>,
}

impl Build {
    /// Returns a build that begins when it is finished, and shows cargo's own progress.
    pub(super) fn foreground(selection: Selection) -> Self {
        Self { selection, background: None }
    }

    /// Starts a build at once if there is something to install meanwhile. Otherwise it begins when it is finished.
    pub(super) fn start(selection: Selection) -> Result<Self> {
        let background = if Venv::stack_is_ready()? { None } else { Some(Background::start(selection)?) };
        Ok(Self { selection, background })
    }

    /// Waits for the end of the build and prints what the compiler printed.
    pub(crate) fn finish(self) -> Result<()> {
        let step = Step::start(&format!("Building {}", self.selection.what));
        match self.background {
            None => process::run(&mut self.selection.command(), REMEDY)?,
            Some(background) => background.finish()?,
        }
        signals::check()?;
        step.done("built");
        Ok(())
    }
}

/// A running cargo. It is killed if the command ends before it.
struct Background {
    child: Child,
    printed: Arc<Mutex<Printed>>,
    reader: Option<JoinHandle<()>>,
}

/// Output of a cargo in the background.
enum Printed {
    /// Printed when the build is finished.
    Kept(Vec<u8>),
    /// Printed at once.
    Passed,
}

impl Background {
    fn start(selection: Selection) -> Result<Self> {
        let mut command = selection.command();
        if stderr().is_terminal() {
            command.args(["--color", "always"]);
        }
        let mut child = command.stderr(Stdio::piped()).spawn().context("cannot start cargo")?;
        let output = child.stderr.take().context("cargo has no output")?;
        let printed = Arc::new(Mutex::new(Printed::Kept(Vec::new())));
        let reader = thread::spawn({
            let printed = Arc::clone(&printed);
            move || read(output, &printed)
        });
        Ok(Self { child, printed, reader: Some(reader) })
    }

    fn finish(mut self) -> Result<()> {
        let kept = mem::replace(&mut *lock(&self.printed), Printed::Passed);
        if let Printed::Kept(lines) = kept {
            stderr().write_all(&lines)?;
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let status = self.child.wait().context("cannot wait for cargo")?;
        if !status.success() {
            bail!("cargo ended with {status}; {REMEDY}");
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads cargo's output to its end, line by line.
fn read(output: ChildStderr, printed: &Mutex<Printed>) {
    for line in BufReader::new(output).split(b'\n') {
        let Ok(mut line) = line else { return };
        line.push(b'\n');
        match &mut *lock(printed) {
            Printed::Kept(lines) => lines.extend(line),
            Printed::Passed => {
                let _ = stderr().write_all(&line);
            }
        }
    }
}

fn lock(printed: &Mutex<Printed>) -> MutexGuard<'_, Printed> {
    printed.lock().unwrap_or_else(PoisonError::into_inner)
}
