//! Time from the start of a process to its first request for work, which is when Lambda considers it ready.
//!
//! The Runtime API is a listener in this process that only records the time of the request, so the start of the runtime
//! emulator is not included.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::machine::environment;

/// Maximum wait for the first request. A process that works is always faster.
const START_TIMEOUT: Duration = Duration::from_secs(10);
const NEXT: &[u8] = b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n";

/// Starts the program, waits for its first request and ends it. Returns the time in between.
pub(super) fn until_next(program: &Path, variables: &BTreeMap<String, String>) -> Result<Duration> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    let address = listener.local_addr()?;
    let mut command = environment::command(program);
    command
        .env_clear()
        .envs(variables)
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "function")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "$LATEST");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());

    let asked = thread::spawn(move || asked(&listener));
    let begun = Instant::now();
    let mut child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
    while !asked.is_finished() && begun.elapsed() < START_TIMEOUT && child.try_wait()?.is_none() {
        // A coarse interval is enough: the listening thread takes the time.
        thread::sleep(Duration::from_millis(1));
    }
    // If the thread still waits for a request, an empty connection ends its wait.
    let _ = TcpStream::connect(address);
    let _ = child.kill();
    child.wait()?;
    match asked.join() {
        Ok(Ok(at)) => Ok(at.duration_since(begun)),
        Ok(Err(error)) => Err(error.context(format!("{} did not request an invocation", program.display()))),
        Err(_) => bail!("the thread that waits for {} died", program.display()),
    }
}

/// Waits for one connection and the head of its request. Returns the time of arrival.
fn asked(listener: &TcpListener) -> Result<Instant> {
    let (mut stream, _) = listener.accept()?;
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer)?;
        head.extend_from_slice(&buffer[..n]);
        if head.windows(4).any(|end| end == b"\r\n\r\n") {
            let at = Instant::now();
            if head.starts_with(NEXT) {
                return Ok(at);
            }
            bail!("it requested {}", String::from_utf8_lossy(&head).lines().next().unwrap_or_default());
        }
        if n == 0 {
            bail!("it ended before");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn hears(request: &[u8]) -> Result<Instant> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let mut stream = TcpStream::connect(listener.local_addr()?)?;
        stream.write_all(request)?;
        drop(stream);
        asked(&listener)
    }

    #[test]
    fn only_a_next_request_counts_as_started() {
        let whole = [NEXT, b"host: x\r\n\r\n"].concat();
        assert!(hears(&whole).is_ok());
        assert!(hears(NEXT).is_err(), "half a request");
        let error = hears(b"POST /2018-06-01/runtime/init/error HTTP/1.1\r\n\r\n").unwrap_err();
        assert!(error.to_string().contains("init/error"), "{error}");
    }

    #[test]
    fn exiting_program_is_not_a_function() {
        assert!(until_next(Path::new("/bin/true"), &BTreeMap::new()).is_err());
    }
}
