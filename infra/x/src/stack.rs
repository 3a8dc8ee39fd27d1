//! A stack: its folder, its file `stack.json` with the location of all its parts, and its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::emulator::FAULTS;
use crate::user::User;
use crate::{cdn, older, place, private, process, redis};

/// Name used if none is given.
pub(crate) const DEFAULT_NAME: &str = "shop";

/// Order in which processes end. Processes that use others end first.
const PROCESSES: [(&str, Signal); 3] =
    [("emulator", Signal::TERM), ("pgbouncer", Signal::TERM), ("postgres", Signal::INT)];

/// Optional processes of a stack: those not installed everywhere, those that tests stop, and those that only tests add.
const GUESTS: [(&str, Signal); 4] = [
    (cdn::NGINX, Signal::TERM),
    (cdn::VERIFIER, Signal::TERM),
    (redis::NAME, Signal::TERM),
    (older::NAME, Signal::INT),
];

/// Contents of `stack.json`, which tests and scripts read.
#[derive(Serialize, Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Stack {
    /// Name of the stack.
    pub(crate) name: String,
    /// Value that clients set as `SLUICE_URL`.
    pub(crate) url: String,
    /// A key of tenant `demo`.
    pub(crate) key: String,
    /// URL of the emulator.
    pub(crate) aws_endpoint: String,
    pub(crate) access_key: String,
    pub(crate) secret_key: String,
    pub(crate) region: String,
    pub(crate) bucket: String,
    pub(crate) queue_url: String,
    pub(crate) dead_letter_queue_url: String,
    /// Direct URL of PostgreSQL, as superuser.
    pub(crate) owner_url: String,
    /// URL through the pooler.
    pub(crate) source_url: String,
    pub(crate) store_url: String,
    /// URL of the shared cache. Empty without Redis.
    pub(crate) redis_url: String,
    pub(crate) redis_port: u16,
    /// URL of the CDN, which serves files and the api. Empty without a CDN.
    pub(crate) cdn_url: String,
    /// Folder of the public keys whose links it accepts, one ID.pem each.
    pub(crate) cdn_keys: PathBuf,
    /// Secret with the key that the api signs with.
    pub(crate) cdn_secret: String,
    /// PostgreSQL's own port.
    pub(crate) direct_port: u16,
    pub(crate) pooler_port: u16,
    pub(crate) pgbouncer_pid_file: PathBuf,
    pub(crate) postgres_data_dir: PathBuf,
    pub(crate) postgres_log: PathBuf,
    /// Folder of PostgreSQL's programs.
    pub(crate) postgres_bin: PathBuf,
    /// Name in the emulator by short name of a function.
    pub(crate) functions: BTreeMap<String, String>,
    /// Pid by process name.
    pub(crate) pids: BTreeMap<String, u32>,
    pub(crate) budget: u32,
    pub(crate) store_sessions: u32,
    /// Folder of everything else: data, settings, logs. Its path marks the stack's processes.
    pub(crate) ground: PathBuf,
}

impl Stack {
    /// Creates a stack of this name in empty folders. Fails while one is running. Removes the remains of a dead one.
    pub(crate) fn create(name: &str) -> Result<Self> {
        let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if ["venv", "bench", "docker"].contains(&name) || name.is_empty() || !name.chars().all(simple) {
            bail!("`{name}` is not a valid stack name; use lower-case letters, digits and hyphens");
        }
        if let Ok(old) = Self::load(name) {
            if old.running() {
                bail!("stack {name} is running already; stop it with `{}`", down_command(name));
            }
            old.stop()?;
        }
        let mut stack =
            Self { name: name.to_owned(), ground: place::open_home()?.join(name), ..Self::default() };
        stack.clear()?;
        private::folder(&place::stack(name)?, User::Own)?;
        private::folder(&stack.ground, User::unprivileged()?)?;
        fs::create_dir_all(stack.ground.join("tmp"))?;
        fs::create_dir_all(stack.ground.join(FAULTS))?;
        stack.save()?;
        Ok(stack)
    }

    /// Loads the stack of this name, running or not.
    pub(crate) fn load(name: &str) -> Result<Self> {
        let file = file(name)?;
        if !file.exists() {
            bail!("there is no stack {name}; start one with `cargo x up{}`", name_option(name));
        }
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is damaged; remove it", file.display()))
    }

    /// Loads the stack of this name. Fails if it is not running.
    pub(crate) fn running_one(name: &str) -> Result<Self> {
        let stack = Self::load(name)?;
        if !stack.running() {
            bail!("stack {name} is not running; start it with `cargo x up{}`", name_option(name));
        }
        Ok(stack)
    }

    /// Writes `stack.json` atomically.
    pub(crate) fn save(&self) -> Result<()> {
        let file = file(&self.name)?;
        let new = file.with_extension("json.new");
        private::write(&new, serde_json::to_vec_pretty(self)?, User::Own)?;
        fs::rename(&new, &file).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Records a process at once, so that it is known even if `cargo x` is killed.
    pub(crate) fn started(&mut self, process: &str, pid: u32) -> Result<()> {
        self.pids.insert(process.to_owned(), pid);
        self.save()
    }

    /// Returns the text that the command line of each of its processes contains.
    pub(crate) fn mark(&self) -> String {
        format!("{}/", self.ground.display())
    }

    /// Returns true if all required processes are alive.
    pub(crate) fn running(&self) -> bool {
        let mark = self.mark();
        PROCESSES.iter().all(|(name, _)| self.pids.get(*name).is_some_and(|&pid| process::alive(pid, &mark)))
    }

    /// Stops all living processes and removes the data. Logs of the last run stay until the next one.
    pub(crate) fn stop(&self) -> Result<()> {
        for (name, signal) in PROCESSES.into_iter().chain(GUESTS) {
            if let Some(&pid) = self.pids.get(name) {
                process::stop(pid, &self.mark(), signal, Duration::from_secs(10));
            }
        }
        let _ = fs::remove_file(file(&self.name)?);
        for data in ["postgres", older::NAME, cdn::FOLDER, "tmp", "objects", FAULTS] {
            let _ = fs::remove_dir_all(self.ground.join(data));
        }
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        for folder in [&place::stack(&self.name)?, &self.ground] {
            if folder.exists() {
                fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
            }
        }
        Ok(())
    }
}

/// A running stack that is stopped when this value is dropped, however the command ends.
pub(crate) struct Guard(Option<String>);

impl Guard {
    /// Takes over the stack of this name.
    pub(crate) fn new(name: &str) -> Self {
        Self(Some(name.to_owned()))
    }

    /// Leaves the stack running.
    pub(crate) fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(name) = &self.0 else { return };
        // Read from the file, because a restart in between has changed pids.
        if let Err(error) = Stack::load(name).and_then(|stack| stack.stop()) {
            eprintln!("warning: stack {name} may not have stopped completely: {error:#}");
        } else {
            eprintln!("▸ Stopped stack {name}; none of its processes is left running");
        }
    }
}

/// Runs `cargo x down`.
pub(crate) fn down(name: &str) -> Result<()> {
    Stack::load(name)?.stop()?;
    eprintln!("▸ Stopped stack {name}");
    Ok(())
}

/// Returns the path of `stack.json` of a stack.
pub(crate) fn file(name: &str) -> Result<PathBuf> {
    Ok(place::stack(name)?.join("stack.json"))
}

/// Returns the command that stops a stack.
pub(crate) fn down_command(name: &str) -> String {
    format!("cargo x down{}", name_option(name))
}

/// Counts the sessions that PostgreSQL refused because of its connection limit (SQLSTATE 53300), from its log.
pub(crate) fn refused_sessions(postgres_log: &Path) -> Result<usize> {
    let log = fs::read_to_string(postgres_log)
        .with_context(|| format!("cannot read {}", postgres_log.display()))?;
    Ok(log.lines().filter(|line| line.contains(" 53300 ") && line.contains("FATAL:")).count())
}

fn name_option(name: &str) -> String {
    if name == DEFAULT_NAME { String::new() } else { format!(" --name {name}") }
}
