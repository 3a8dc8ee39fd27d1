//! A PostgreSQL for measurements: settings that avoid variation, data that is kept for the next run.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use sha2::{Digest, Sha256};

use crate::machine::progress::Step;
use crate::machine::user::User;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, secret_files, signals};
use crate::stack::cluster;
use crate::stack::cluster::{Cluster, OWNER};

const DATABASE: &str = "bench";

/// Server settings: no background work during a run, everything in memory, no JIT compilation.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 20
shared_buffers = 2GB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum = off
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
";

/// The role that all clients use, including the peers, with the settings that `migrate` gives to the source role.
const CLIENT: &str = "
create role sluice_source login password 'PASSWORD';
alter role sluice_source set default_transaction_read_only = on;
alter role sluice_source set statement_timeout = '900s';
alter role sluice_source set lock_timeout = '5s';
alter role sluice_source set max_parallel_workers_per_gather = 0;
alter role sluice_source set client_connection_check_interval = '2s';
alter role sluice_source set row_security = off;
alter role sluice_source set timezone = 'UTC';
alter role sluice_source set datestyle = 'ISO';
alter role sluice_source set intervalstyle = 'postgres';
alter role sluice_source set bytea_output = 'hex';
alter role sluice_source set extra_float_digits = 1;
alter role sluice_source set search_path = pg_catalog;
grant usage on schema public to sluice_source;
grant select on all tables in schema public to sluice_source;
checkpoint;
";

/// Contents of a database.
pub(super) struct Contents {
    /// Name of its folder.
    pub(super) name: &'static str,
    /// Scripts in `tests/bench`, in order. All of them get the variables.
    pub(super) scripts: &'static [&'static str],
    pub(super) variables: Vec<(&'static str, u64)>,
}

/// A running server. It stops when this value is dropped.
pub(super) struct Database {
    cluster: Cluster,
    pub(super) pid: u32,
    owner_url: String,
    /// URL for all clients.
    pub(super) url: String,
    /// Lock held while the server runs. Two benches at a time would disturb each other.
    _lock: File,
}

impl Database {
    /// Starts the server and loads the contents unless an earlier run has loaded them.
    pub(super) fn start(contents: &Contents, venv: &Venv) -> Result<Self> {
        let work_dir = paths::open_home()?.join("bench");
        fs::create_dir_all(&work_dir).with_context(|| format!("cannot create {}", work_dir.display()))?;
        User::unprivileged()?.own(&work_dir)?;
        let lock = File::create(work_dir.join("lock"))?;
        if lock.try_lock().is_err() {
            bail!("another `cargo x bench` is running");
        }
        let cluster = Cluster {
            bin: cluster::programs(venv)?,
            data: work_dir.join(contents.name),
            log: work_dir.join(format!("{}.log", contents.name)),
            port: process::free_port()?,
            work_dir,
        };
        // Stops a server left by a killed run.
        if let Some(pid) = cluster.pid() {
            stop(&cluster, pid);
        }
        let (key, keyed) = (contents.key(venv)?, cluster.data.with_extension("key"));
        let secrets = cluster.data.with_extension("password");
        let kept = fs::read_to_string(&keyed).is_ok_and(|found| found == key);
        let step = Step::start("Starting PostgreSQL for the benchmark");
        if !kept {
            let _ = fs::remove_file(&keyed);
            if cluster.data.exists() {
                fs::remove_dir_all(&cluster.data)?;
            }
            let password = secret_files::password()?;
            owner_only(&secrets)?.write_all(password.as_bytes())?;
            cluster.init(&password, SETTINGS)?;
        }
        let password = fs::read_to_string(&secrets).context("the password of the database is lost")?;
        let url = |role| {
            format!("postgres://{role}:{password}@127.0.0.1:{}/{DATABASE}?sslmode=disable", cluster.port)
        };
        let (owner_url, url) = (url(OWNER), url("sluice_source"));
        let pid = cluster.launch()?;
        let database = Self { cluster, pid, owner_url, url, _lock: lock };
        step.done(&format!("port {}", database.cluster.port));
        if !kept {
            database.load(contents, &password)?;
            fs::write(&keyed, key)?;
        }
        Ok(database)
    }

    /// Returns the path of `psql`.
    pub(super) fn psql(&self) -> PathBuf {
        self.cluster.bin.join("psql")
    }

    /// Runs a query as the owner and returns the first cell of the result.
    pub(super) fn ask(&self, question: &str) -> Result<String> {
        let mut psql = environment::command(self.psql());
        let output = psql.args(["-qXAt", "-d", &self.owner_url, "-c", question]).output()?;
        if !output.status.success() {
            bail!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    fn load(&self, contents: &Contents, password: &str) -> Result<()> {
        let step = Step::start(&format!("Loading {}; it is kept for the next run", contents.describe()));
        self.cluster.create_database(DATABASE, password)?;
        for script in contents.scripts {
            let mut psql = environment::command(self.psql());
            psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &self.owner_url]).arg("-f").arg(file(script));
            for (name, value) in &contents.variables {
                psql.arg("-v").arg(format!("{name}={value}"));
            }
            // Rows and notices are not needed.
            psql.env("PGOPTIONS", "-c client_min_messages=warning");
            process::run(psql.stdout(std::process::Stdio::null()), "see its messages above")?;
            signals::check()?;
        }
        let mut psql = environment::command(self.psql());
        psql.args(["-qX", "-v", "ON_ERROR_STOP=1", "-d", &self.owner_url]);
        for statement in CLIENT.split_inclusive(';').filter(|statement| !statement.trim().is_empty()) {
            psql.arg("-c").arg(statement.replace("PASSWORD", password));
        }
        process::run(&mut psql, "see its messages above")?;
        step.done("loaded");
        Ok(())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        stop(&self.cluster, self.pid);
    }
}

impl Contents {
    /// Returns a key that changes whenever the data would.
    fn key(&self, venv: &Venv) -> Result<String> {
        let mut hash = Sha256::new_with_prefix(venv.fingerprint()?);
        hash.update(SETTINGS);
        hash.update(CLIENT);
        for script in self.scripts {
            hash.update(fs::read(file(script)).with_context(|| format!("cannot read {script}"))?);
        }
        hash.update(format!("{:?}", self.variables));
        Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn describe(&self) -> String {
        let sizes: Vec<String> =
            self.variables.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{} ({})", self.scripts.join(" and "), sizes.join(", "))
    }
}

fn stop(cluster: &Cluster, pid: u32) {
    process::stop(pid, &cluster.data.to_string_lossy(), Signal::INT, Duration::from_secs(30));
}

fn file(script: &str) -> PathBuf {
    paths::root().join("tests/bench").join(script)
}

/// Creates a new file that only the current user may read.
fn owner_only(path: &PathBuf) -> Result<File> {
    let _ = fs::remove_file(path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot write {}", path.display()))
}
