//! PgBouncer in transaction mode, in place of RDS Proxy on AWS. One pool for the source, one for the store.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};

use super::postgres;
use super::state::{Ending, Stack};
use crate::machine::user::User;
use crate::machine::{prerequisites, process, secret_files};

/// Name of its process.
pub(crate) const NAME: &str = "pgbouncer";

/// Fills in the URLs of a stack without a pooler, straight to the server.
pub(crate) fn leave_out(stack: &mut Stack) -> Result<()> {
    let (port, database) = (stack.direct_port, postgres::DATABASE);
    let url = |role: &str| -> Result<String> {
        let password = secret_files::password()?;
        Ok(format!("postgres://{role}:{password}@127.0.0.1:{port}/{database}?sslmode=disable"))
    };
    (stack.source_url, stack.store_url) = (url("sluice_source")?, url("sluice_store")?);
    Ok(())
}

/// Writes the settings and starts PgBouncer. Fills in the stack's source and store URLs.
pub(crate) fn start(stack: &mut Stack) -> Result<()> {
    let (source, store) = (secret_files::password()?, secret_files::password()?);
    let port = process::free_port()?;
    stack.pooler_port = port;
    stack.pgbouncer_pid_file = stack.work_dir.join("pgbouncer.pid");
    let user = User::unprivileged()?;
    let users = format!("\"sluice_source\" \"{source}\"\n\"sluice_store\" \"{store}\"\n");
    secret_files::write(&stack.work_dir.join("pgbouncer-users.txt"), users, user)?;
    secret_files::write(&settings_file(stack), settings(stack), user)?;
    stack.source_url = format!("postgres://sluice_source:{source}@127.0.0.1:{port}/source?sslmode=disable");
    stack.store_url = format!("postgres://sluice_store:{store}@127.0.0.1:{port}/store?sslmode=disable");
    launch(stack)
}

/// Ends all sessions and starts PgBouncer again on its old port.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    stop(stack);
    launch(stack)
}

/// Stops it until it is restarted.
pub(crate) fn stop(stack: &Stack) {
    stack.end(NAME, Duration::from_secs(5));
    let _ = fs::remove_file(&stack.pgbouncer_pid_file);
}

/// Routes new sessions of the source to their server, or to a port without a listener. Sessions of the store always
/// reach their server.
pub(crate) fn lead_to_source(stack: &Stack, there: bool) -> Result<()> {
    let mut settings = settings(stack);
    if !there {
        let (server, nothing) =
            (format!("source = host=127.0.0.1 port={}", stack.direct_port), process::free_port()?);
        settings = settings.replace(&server, &format!("source = host=127.0.0.1 port={nothing}"));
    }
    secret_files::write(&settings_file(stack), settings, User::unprivileged()?)?;
    reload(stack, NAME)
}

/// Has a PgBouncer of the stack read its settings again. Sessions stay until they are free.
pub(super) fn reload(stack: &Stack, process: &str) -> Result<()> {
    let pid = stack.pids.get(process).copied().and_then(|pid| Pid::from_raw(pid.cast_signed()));
    kill_process(pid.context("PgBouncer is not running")?, Signal::HUP)
        .context("PgBouncer did not reload its settings")
}

fn launch(stack: &mut Stack) -> Result<()> {
    let log = stack.work_dir.join("pgbouncer.log");
    let mut command = User::unprivileged()?.command(prerequisites::pgbouncer()?);
    command.arg("--quiet").arg(settings_file(stack)).current_dir(&stack.work_dir).env_clear();
    // PgBouncer opens its own log file. This one receives its output before that.
    let pid = process::start(command, &stack.work_dir.join("pgbouncer.out"))?;
    stack.started(NAME, Ending::Terminate, pid)?;
    process::await_port(stack.pooler_port, pid, &stack.mark(), &log)
}

/// Returns the settings. `options` is not ignored on purpose: RDS Proxy rejects it, and so must this pooler.
fn settings(stack: &Stack) -> String {
    let work_dir = stack.work_dir.display();
    format!(
        "[databases]
source = host=127.0.0.1 port={port} dbname={database} pool_size={budget}
store = host=127.0.0.1 port={port} dbname={database} pool_size={store_sessions}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
pidfile = {pid_file}
logfile = {work_dir}/pgbouncer.log
log_connections = 0
log_disconnections = 0
auth_type = scram-sha-256
auth_file = {work_dir}/pgbouncer-users.txt
pool_mode = transaction
max_client_conn = 500
server_login_retry = 1
",
        port = stack.direct_port,
        database = postgres::DATABASE,
        budget = stack.budget,
        store_sessions = stack.store_sessions,
        listen = stack.pooler_port,
        pid_file = stack.pgbouncer_pid_file.display(),
    )
}

fn settings_file(stack: &Stack) -> PathBuf {
    stack.work_dir.join("pgbouncer.ini")
}
