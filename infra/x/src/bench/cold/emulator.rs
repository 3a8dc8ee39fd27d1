//! AWS's runtime emulator around one function. It is the program that `sam local` runs in its containers, here without
//! a container.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;

use crate::binaries::Architecture;
use crate::machine::venv::Venv;
use crate::machine::{environment, process};

/// Time limit of one invocation.
const TIMEOUT_SECS: u64 = 30;
const ANSWER_TIMEOUT: Duration = Duration::from_secs(TIMEOUT_SECS + 10);
const INIT: &str = "INIT REPORT(durationMs: ";

/// A running emulator with its function. Both stop when this value is dropped.
pub(super) struct Emulator {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Emulator {
    /// Starts the emulator. The function itself starts at the first call.
    pub(super) fn start(
        tools: &Venv,
        program: &Path,
        variables: &BTreeMap<String, String>,
        folder: &Path,
    ) -> Result<Self> {
        let (port, runtime) = (process::free_port()?, process::free_port()?);
        let log = folder.join("rie.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut command = environment::command(runtime_emulator(tools)?);
        command
            .arg("--runtime-interface-emulator-address")
            .arg(format!("127.0.0.1:{port}"))
            .arg("--runtime-api-address")
            .arg(format!("127.0.0.1:{runtime}"))
            .arg(program)
            .env_clear()
            .envs(variables)
            .env("AWS_LAMBDA_FUNCTION_NAME", "function")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", TIMEOUT_SECS.to_string())
            // The process group includes the function, which is a child of the emulator.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let child = command.spawn().context("cannot start the runtime emulator")?;
        let emulator = Self { child, port, log };
        let program = program.to_string_lossy();
        process::await_port(port, emulator.child.id(), &program, &emulator.log)?;
        Ok(emulator)
    }

    /// Invokes the function. Returns its response and the time the call took, measured here.
    pub(super) fn call(&self, event: &Value) -> Result<(Value, Duration)> {
        let body = serde_json::to_vec(event)?;
        let head = format!(
            "POST /2015-03-31/functions/function/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let begun = Instant::now();
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        stream.write_all(&[head.as_bytes(), &body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).context("the runtime emulator does not respond")?;
        let took = begun.elapsed();
        let value = json_body(&answer);
        let value = value.with_context(|| format!("the function failed; see {}", self.log.display()))?;
        if value["errorType"].is_string() {
            bail!("the function failed: {value}; see {}", self.log.display());
        }
        Ok((value, took))
    }

    /// Returns the initialization time of the function as reported by the emulator.
    pub(super) fn init(&self) -> Result<Duration> {
        let log = fs::read_to_string(&self.log)?;
        init_millis(&log)
            .map(|millis| Duration::from_secs_f64(millis / 1e3))
            .with_context(|| format!("{} has no INIT REPORT", self.log.display()))
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Finds the emulator program in the installed SAM package.
fn runtime_emulator(tools: &Venv) -> Result<PathBuf> {
    let name = format!("samcli/local/rapid/aws-lambda-rie-{}", Architecture::here().name());
    let versions = fs::read_dir(tools.bin().with_file_name("lib"))?;
    let mut found = versions.flatten().map(|version| version.path().join("site-packages").join(&name));
    found.find(|file| file.is_file()).with_context(|| format!("SAM has no {name}"))
}

/// Returns the body of a response if it is JSON.
fn json_body(answer: &[u8]) -> Option<Value> {
    let end = answer.windows(4).position(|end| end == b"\r\n\r\n")?;
    let (head, body) = (std::str::from_utf8(&answer[..end]).ok()?, &answer[end + 4..]);
    let head = head.to_ascii_lowercase();
    if head.contains("transfer-encoding: chunked") {
        return serde_json::from_slice(&unchunked(body)?).ok();
    }
    serde_json::from_slice(body).ok()
}

/// Decodes a body with chunked transfer encoding.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|end| end == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).ok()?.trim(), 16).ok()?;
        body = &body[line + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(..size)?);
        body = body.get(size + 2..)?;
    }
}

/// Returns the first number of an `INIT REPORT` in a log. The "Init Duration" of `REPORT` is wrong there.
fn init_millis(log: &str) -> Option<f64> {
    let rest = &log[log.find(INIT)? + INIT.len()..];
    rest[..rest.find([')', ','])?].trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn init_duration_is_read_from_the_log() {
        let log =
            "24 Nov 2026 [INFO] (rapid) INIT REPORT(durationMs: 7.600000)\nREPORT Init Duration: 0.02 ms";
        assert_eq!(init_millis(log), Some(7.6));
        assert_eq!(init_millis("REPORT Init Duration: 0.02 ms"), None);
    }

    #[test]
    fn answer_is_read_with_length_or_chunked() {
        let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
        assert_eq!(json_body(whole).unwrap()["a"], 1);
        let pieces =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n";
        assert_eq!(json_body(pieces).unwrap()["a"], 1);
        assert!(json_body(b"HTTP/1.1 200 OK\r\n\r\nTask timed out after 3.00 seconds").is_none());
        assert!(unchunked(b"9\r\nshort\r\n").is_none());
    }
}
