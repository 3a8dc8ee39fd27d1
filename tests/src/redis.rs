//! A Redis for a single test, which may stop, suspend and restart it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{EVENT_TIMEOUT, skipped};

const FOLDERS: [&str; 4] = ["/usr/bin", "/usr/local/bin", "/usr/sbin", "/opt/homebrew/bin"];

/// A running server. It ends when this value is dropped.
#[derive(Debug)]
pub struct Redis {
    /// Its URL.
    pub url: String,
    port: u16,
    program: PathBuf,
    folder: TempDir,
    child: Mutex<Option<Child>>,
}

impl Redis {
    /// Starts a server. Without `redis-server` it returns `None` and prints so, provided that tests may be skipped.
    ///
    /// # Panics
    /// If it is installed but does not start, or is not installed although tests must not be skipped.
    pub fn start() -> Option<Self> {
        let names = ["redis-server", "valkey-server"];
        let programs = FOLDERS.iter().flat_map(|folder| names.map(|name| PathBuf::from(folder).join(name)));
        let Some(program) = programs.into_iter().find(|program| program.is_file()) else {
            skipped("redis-server", "apt-get install redis-server");
            return None;
        };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|l| l.local_addr())
            .expect("a free port")
            .port();
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("redis://127.0.0.1:{port}");
        let redis = Self { url, port, program, folder, child: Mutex::default() };
        redis.resume().expect("redis-server starts");
        Some(redis)
    }

    /// Starts it, empty, unless it runs.
    ///
    /// # Errors
    /// If it does not start.
    pub fn resume(&self) -> Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if child.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.program);
        command.args([
            "--port",
            &self.port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.arg("--dir").arg(self.folder.path()).stdout(Stdio::null()).stderr(Stdio::null());
        *child = Some(command.spawn().context("cannot start redis-server")?);
        let give_up = Instant::now() + EVENT_TIMEOUT;
        while self.ask(b"PING\r\n").is_err() {
            ensure!(Instant::now() < give_up, "redis-server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Kills it. Its contents are lost.
    pub fn stop(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Suspends it without ending it: it does not respond, keeps its contents, and continues when resumed.
    pub fn hold(&self, held: bool) {
        if let Some(child) = &*self.child.lock().unwrap_or_else(PoisonError::into_inner) {
            let signal = if held { "-STOP" } else { "-CONT" };
            let _ = Command::new("kill").args([signal, &child.id().to_string()]).status();
        }
    }

    /// Returns all keys.
    ///
    /// # Errors
    /// If it does not respond.
    pub fn keys(&self) -> Result<Vec<String>> {
        let answer = String::from_utf8_lossy(&self.ask(b"KEYS *\r\n")?).into_owned();
        Ok(answer.split("\r\n").filter(|line| line.starts_with("sluice:")).map(str::to_owned).collect())
    }

    /// Returns the value of a key, as the protocol frames it.
    ///
    /// # Errors
    /// If it does not respond.
    pub fn value(&self, key: &str) -> Result<Vec<u8>> {
        self.ask(format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len()).as_bytes())
    }

    /// Returns true if a key expires.
    ///
    /// # Errors
    /// If it does not respond.
    pub fn expires(&self, key: &str) -> Result<bool> {
        let answer = self.ask(format!("*2\r\n$4\r\nPTTL\r\n${}\r\n{key}\r\n", key.len()).as_bytes())?;
        Ok(answer.first() == Some(&b':') && answer.get(1) != Some(&b'-'))
    }

    /// Sends one command over a new connection and returns the whole response.
    fn ask(&self, command: &[u8]) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(command)?;
        stream.write_all(b"QUIT\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.hold(false);
        self.stop();
    }
}
