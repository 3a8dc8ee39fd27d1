//! Measurement of one run of one command: time, processor, memory.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde::Serialize;

use super::proc;
use crate::machine::signals;

const SAMPLE: Duration = Duration::from_millis(50);
/// Time limit of a run. A command that takes longer hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(600);
const LEAVING: Duration = Duration::from_secs(5);

/// Cost of one run.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) wall_secs: f64,
    /// Processor time of the command and all its children.
    pub(super) client_cpu_secs: f64,
    /// Processor time of the whole server.
    pub(super) database_cpu_secs: f64,
    /// Processor time of everything else on the machine. Too much of it makes a run unfit for comparing times.
    pub(super) other_cpu_secs: f64,
    /// Highest sampled sum over the command's processes.
    pub(super) peak_bytes: u64,
    /// Bytes of the result, if known.
    pub(super) out_bytes: Option<u64>,
}

/// Processes that are not part of the client.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    /// The postmaster.
    pub(super) database: u32,
    /// The process that receives uploads.
    pub(super) sink: u32,
}

/// Runs a command to its end. Its output goes to `stdout` and `stderr` in `folder`.
pub(super) fn measure(mut command: Command, beside: Beside, folder: &Path) -> Result<Run> {
    let sessions = proc::children(beside.database).len();
    let before = (proc::cpu_secs(beside.database), proc::cpu_secs(beside.sink), proc::machine_cpu_secs());
    let program = command.get_program().to_string_lossy().into_owned();
    command.process_group(0).stdin(Stdio::null());
    command.stdout(File::create(folder.join("stdout"))?).stderr(File::create(folder.join("stderr"))?);
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    let ended = AtomicBool::new(false);
    let (peak_bytes, wall) = thread::scope(|scope| {
        let watch = scope.spawn(|| watch(child.id(), &ended));
        let wall = wait(child.id()).map(|()| begun.elapsed());
        ended.store(true, Ordering::Relaxed);
        watch.thread().unpark();
        (watch.join().unwrap_or(0), wall)
    });
    // The process has ended but is not reaped yet, so its times are still readable.
    let client_cpu_secs = proc::cpu_secs(child.id());
    let status = child.wait()?;
    leave(beside.database, sessions);
    signals::check()?;
    if !status.success() {
        bail!("{}", last_words(&folder.join("stderr"), &status.to_string()));
    }
    let database_cpu_secs = proc::cpu_secs(beside.database) - before.0;
    let sink_cpu_secs = proc::cpu_secs(beside.sink) - before.1;
    let all = proc::machine_cpu_secs() - before.2;
    Ok(Run {
        wall_secs: wall?.as_secs_f64(),
        client_cpu_secs,
        database_cpu_secs,
        other_cpu_secs: (all - client_cpu_secs - database_cpu_secs - sink_cpu_secs).max(0.0),
        peak_bytes,
        out_bytes: None,
    })
}

/// Waits until the process has ended. Signals may interrupt the wait.
fn wait(pid: u32) -> Result<()> {
    let pid = Pid::from_raw(pid.cast_signed()).context("a process without a pid")?;
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Err(rustix::io::Errno::INTR) => {}
            answer => return answer.map(drop).context("cannot wait for a process"),
        }
    }
}

/// Samples memory and returns the peak. Ends the command on an interrupt, or when it hangs.
fn watch(pid: u32, ended: &AtomicBool) -> u64 {
    let (begun, mut peak) = (Instant::now(), 0);
    while !ended.load(Ordering::Relaxed) {
        peak = peak.max(proc::memory_bytes(pid));
        if signals::interrupted() || begun.elapsed() > RUN_TIMEOUT {
            let group = Pid::from_raw(pid.cast_signed());
            let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        }
        thread::park_timeout(SAMPLE);
    }
    peak
}

/// Waits until the server sessions have ended, which they do a moment after the client. Only then is their time
/// counted.
fn leave(database: u32, sessions: usize) {
    let begun = Instant::now();
    while proc::children(database).len() > sessions && begun.elapsed() < LEAVING {
        thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the last line of a program's error output.
fn last_words(file: &Path, otherwise: &str) -> String {
    let said = fs::read_to_string(file).unwrap_or_default();
    let mut lines = said.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("note:"));
    let last = lines.next_back().unwrap_or(otherwise);
    last.trim().chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Run> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let beside = Beside { database: u32::MAX, sink: u32::MAX };
        measure(command, beside, folder.path())
    }

    #[test]
    fn child_processes_are_measured() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let run = shell(&format!("({busy}); ({busy}) | cat")).unwrap();
        assert!(run.client_cpu_secs > 0.0 && run.peak_bytes > 0 && run.database_cpu_secs == 0.0, "{run:?}");
    }

    #[test]
    fn error_message_is_the_last_relevant_line() {
        let error =
            shell("echo first >&2; echo 'no such table' >&2; echo 'note: x' >&2; exit 3").unwrap_err();
        assert_eq!(error.to_string(), "no such table");
        assert_eq!(shell("exit 3").unwrap_err().to_string(), "exit status: 3");
    }
}
