//! State of a stack: its folder, its file `stack.json` with the location of all its parts, and its end.
//!
//! It knows no service. What it needs for the end, the services record in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::machine::user::User;
use crate::machine::{paths, process, secret_files};

/// Name used if none is given.
pub(crate) const DEFAULT_NAME: &str = "shop";

/// Maximum wait for a process to end before it is killed.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Folder of temporary files.
const TEMPORARY: &str = "tmp";

/// Signal by which a process is to end.
#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Ending {
    Terminate,
    /// Ends PostgreSQL without waiting for its clients.
    Interrupt,
}

impl Ending {
    fn signal(self) -> Signal {
        match self {
            Self::Terminate => Signal::TERM,
            Self::Interrupt => Signal::INT,
        }
    }
}

/// A process that was started for a service of the stack.
#[derive(Serialize, Deserialize, Clone)]
struct ServiceProcess {
    name: String,
    ending: Ending,
}

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
    /// Queue of deliveries.
    #[serde(default)]
    pub(crate) delivery_queue_url: String,
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
    /// Secret with the header that the CDN adds to requests to the api. Empty with `OnlyThroughCdn=false`.
    pub(crate) origin_secret: String,
    /// PostgreSQL's own port.
    pub(crate) direct_port: u16,
    pub(crate) pooler_port: u16,
    /// Port of the pooler before the user's own server. Zero if the stack reads its own.
    pub(crate) source_pooler_port: u16,
    pub(crate) pgbouncer_pid_file: PathBuf,
    pub(crate) postgres_data_dir: PathBuf,
    pub(crate) postgres_log: PathBuf,
    /// Folder of PostgreSQL's programs.
    pub(crate) postgres_bin: PathBuf,
    /// Name in the emulator by short name of a function.
    pub(crate) functions: BTreeMap<String, String>,
    /// Pid by process name.
    pub(crate) pids: BTreeMap<String, u32>,
    /// Processes in the order of their start. A process uses only those before it, so the last one ends first.
    parts: Vec<ServiceProcess>,
    /// Names of the processes without which the stack is not running.
    required: Vec<String>,
    /// Folders in `work_dir` that are removed when the stack stops. Everything else in it, such as logs, stays.
    data: Vec<String>,
    pub(crate) budget: u32,
    pub(crate) store_sessions: u32,
    /// Folder of everything else: data, settings, logs. Its path marks the stack's processes.
    #[serde(rename = "ground")]
    pub(crate) work_dir: PathBuf,
}

impl Stack {
    /// Creates a stack of this name in empty folders. It is running while all `required` processes are alive. Fails if
    /// a stack of this name is running. Removes the remains of a dead one.
    pub(crate) fn create(name: &str, required: &[&str]) -> Result<Self> {
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
        let mut stack = Self {
            name: name.to_owned(),
            work_dir: paths::open_home()?.join(name),
            required: required.iter().map(|&process| process.to_owned()).collect(),
            ..Self::default()
        };
        stack.clear()?;
        secret_files::folder(&paths::stack(name)?, User::Own)?;
        secret_files::folder(&stack.work_dir, User::unprivileged()?)?;
        fs::create_dir_all(stack.data(TEMPORARY)?)?;
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
        secret_files::write(&new, serde_json::to_vec_pretty(self)?, User::Own)?;
        fs::rename(&new, &file).with_context(|| format!("cannot write {}", file.display()))
    }

    /// Records a process at once, so that it is known even if `cargo x` is killed.
    pub(crate) fn started(&mut self, process: &str, ending: Ending, pid: u32) -> Result<()> {
        self.pids.insert(process.to_owned(), pid);
        if self.parts.iter().all(|part| part.name != process) {
            self.parts.push(ServiceProcess { name: process.to_owned(), ending });
        }
        self.save()
    }

    /// Records a folder as data of the stack and returns its path. It is removed when the stack stops.
    pub(crate) fn data(&mut self, folder: &str) -> Result<PathBuf> {
        if self.data.iter().all(|known| known != folder) {
            self.data.push(folder.to_owned());
            self.save()?;
        }
        Ok(self.work_dir.join(folder))
    }

    /// Returns the text that the command line of each of its processes contains.
    pub(crate) fn mark(&self) -> String {
        format!("{}/", self.work_dir.display())
    }

    /// Returns true if this process is alive.
    pub(crate) fn alive(&self, process: &str) -> bool {
        self.pids.get(process).is_some_and(|&pid| process::alive(pid, &self.mark()))
    }

    /// Returns true if all required processes are alive.
    pub(crate) fn running(&self) -> bool {
        !self.required.is_empty() && self.required.iter().all(|process| self.alive(process))
    }

    /// Stops all living processes and removes the data. Logs of the last run stay until the next one.
    pub(crate) fn stop(&self) -> Result<()> {
        for part in self.parts.iter().rev() {
            self.end(&part.name, STOP_TIMEOUT);
        }
        // An older `cargo x` recorded processes, but not as parts.
        for process in self.pids.keys() {
            self.end(process, STOP_TIMEOUT);
        }
        let _ = fs::remove_file(file(&self.name)?);
        for data in &self.data {
            let _ = fs::remove_dir_all(self.work_dir.join(data));
        }
        Ok(())
    }

    /// Ends one process, with its own signal and after this time by force. Does nothing if it is not alive. Without a
    /// recorded signal it is interrupted, which ends PostgreSQL and every other process of a stack.
    pub(crate) fn end(&self, process: &str, patience: Duration) {
        let part = self.parts.iter().find(|part| part.name == process);
        if let Some(&pid) = self.pids.get(process) {
            let ending = part.map_or(Ending::Interrupt, |part| part.ending);
            process::stop(pid, &self.mark(), ending.signal(), patience);
        }
    }

    fn clear(&mut self) -> Result<()> {
        for folder in [&paths::stack(&self.name)?, &self.work_dir] {
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

/// Returns the path of `stack.json` of a stack.
pub(crate) fn file(name: &str) -> Result<PathBuf> {
    Ok(paths::stack(name)?.join("stack.json"))
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

/// Returns the option that chooses a stack, with a space before it; nothing for the default one.
pub(crate) fn name_option(name: &str) -> String {
    if name == DEFAULT_NAME { String::new() } else { format!(" --name {name}") }
}

/// Returns the port of an URL without a path.
pub(crate) fn port_of(endpoint: &str) -> &str {
    endpoint.rsplit(':').next().unwrap_or(endpoint)
}
