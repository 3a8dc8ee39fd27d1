//! Processes that outlive the command that started them. They are identified by pid *and* by text on their command
//! line, so that a process which got a reused pid is never touched.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::environment;

const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Starts a program in its own process group (Ctrl-C does not reach it), with its output going to a file.
pub(crate) fn start(mut command: Command, log: &Path) -> Result<u32> {
    let program = command.get_program().to_string_lossy().into_owned();
    let out = File::options().create(true).append(true).open(log);
    let out = out.with_context(|| format!("cannot write {}", log.display()))?;
    let errors = out.try_clone()?;
    command.process_group(0).stdin(Stdio::null()).stdout(out).stderr(errors);
    let child = command.spawn().with_context(|| format!("cannot start {program}"))?;
    Ok(child.id())
}

/// Returns true if this process is alive and its command line contains `mark`.
pub(crate) fn alive(pid: u32, mark: &str) -> bool {
    command_line(pid).is_some_and(|line| line.contains(mark))
}

/// Sends a signal, waits up to `patience`, then kills. Does nothing to a process that is not `alive`.
pub(crate) fn stop(pid: u32, mark: &str, signal: Signal, patience: Duration) {
    for (signal, patience) in [(signal, patience), (Signal::KILL, Duration::from_secs(5))] {
        let Some(raw) = Pid::from_raw(pid.cast_signed()) else { return };
        if !alive(pid, mark) || kill_process(raw, signal).is_err() {
            return;
        }
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if !alive(pid, mark) {
                return;
            }
            sleep(POLL_INTERVAL);
        }
    }
}

/// Maximum time in which a server begins to listen: on a busy machine, Python alone takes half a minute to start one.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(90);

/// Waits until a port of this machine has a listener. Otherwise fails with the end of the log.
pub(crate) fn await_port(port: u16, pid: u32, mark: &str, log: &Path) -> Result<()> {
    let until = Instant::now() + LISTEN_TIMEOUT;
    loop {
        if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(());
        }
        // A child still has the command line of `cargo x` until it has executed the program.
        let young = until.saturating_duration_since(Instant::now()) > LISTEN_TIMEOUT - Duration::from_secs(1);
        if Instant::now() > until || !(young || alive(pid, mark)) {
            let said = fs::read_to_string(log).unwrap_or_default();
            let last: Vec<_> = said.lines().rev().take(10).collect();
            let last: Vec<_> = last.into_iter().rev().collect();
            bail!("nothing listens on port {port}; {}", ending(log, &last));
        }
        sleep(POLL_INTERVAL);
    }
}

/// Formats the last lines of a log.
fn ending(log: &Path, lines: &[&str]) -> String {
    match lines {
        [] => {
            format!("{} is empty: the program was still starting, or ended without a message", log.display())
        }
        lines => format!("{} ends with:\n{}", log.display(), lines.join("\n")),
    }
}

/// Returns a port that is free now.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Runs a program to its end in the foreground. The error message of a failure includes `remedy`.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}; {remedy}"))?;
    if !status.success() {
        bail!("{program} ended with {status}; {remedy}");
    }
    Ok(())
}

/// Returns the command line: empty for a zombie, `None` for a process that does not exist.
fn command_line(pid: u32) -> Option<String> {
    if let Ok(raw) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&raw).replace('\0', " "));
    }
    if Path::new("/proc/self").exists() {
        return None;
    }
    let output = environment::command("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_log_is_reported_as_empty() {
        let log = Path::new("/a/emulator.log");
        assert!(ending(log, &[]).starts_with("/a/emulator.log is empty: the program was still starting"));
        assert_eq!(ending(log, &["one", "two"]), "/a/emulator.log ends with:\none\ntwo");
    }

    #[test]
    fn a_process_is_stopped_only_under_its_own_name() -> Result<()> {
        let mut command = Command::new("sleep");
        command.arg("1234");
        let pid = start(command, Path::new("/dev/null"))?;
        while !alive(pid, "1234") {
            sleep(POLL_INTERVAL);
        }
        stop(pid, "another process", Signal::TERM, Duration::from_secs(1));
        assert!(alive(pid, "sleep 1234"));
        stop(pid, "sleep 1234", Signal::TERM, Duration::from_secs(1));
        assert!(!alive(pid, "sleep 1234"));
        Ok(())
    }
}
