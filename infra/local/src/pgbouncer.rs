//! PgBouncer in transaction mode: what RDS Proxy is on AWS. One pool for the source, one for the store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::Signal;

use crate::stack::Stack;
use crate::user::User;
use crate::{postgres, prerequisites, process, secret};

/// Writes the settings and starts it. Fills in the stack's source and store URLs.
pub(crate) fn start(stack: &mut Stack) -> Result<()> {
    let (source, store) = (secret::random()?, secret::random()?);
    let port = process::free_port()?;
    stack.pooler_port = port;
    stack.pgbouncer_pid_file = stack.ground.join("pgbouncer.pid");
    let user = User::unprivileged()?;
    let users = format!("\"sluice_source\" \"{source}\"\n\"sluice_store\" \"{store}\"\n");
    write(user, &stack.ground.join("pgbouncer-users.txt"), &users)?;
    write(user, &settings_file(stack), &settings(stack))?;
    stack.source_url = format!("postgres://sluice_source:{source}@127.0.0.1:{port}/source?sslmode=disable");
    stack.store_url = format!("postgres://sluice_store:{store}@127.0.0.1:{port}/store?sslmode=disable");
    launch(stack)
}

/// Ends all sessions and starts it again on its old port.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    if let Some(&pid) = stack.pids.get("pgbouncer") {
        process::stop(pid, &stack.mark(), Signal::TERM, Duration::from_secs(5));
    }
    let _ = fs::remove_file(&stack.pgbouncer_pid_file);
    launch(stack)
}

fn launch(stack: &mut Stack) -> Result<()> {
    let log = stack.ground.join("pgbouncer.log");
    let mut command = User::unprivileged()?.command(prerequisites::pgbouncer()?);
    command.arg("--quiet").arg(settings_file(stack)).current_dir(&stack.ground).env_clear();
    // Its own log goes to a file that it opens itself; this one takes what it says before that.
    let pid = process::start(command, &stack.ground.join("pgbouncer.out"))?;
    stack.started("pgbouncer", pid)?;
    process::await_port(stack.pooler_port, pid, &stack.mark(), &log)
}

/// `options` is not ignored on purpose: RDS Proxy refuses it, so must this.
fn settings(stack: &Stack) -> String {
    let ground = stack.ground.display();
    format!(
        "[databases]
source = host=127.0.0.1 port={port} dbname={database} pool_size={budget}
store = host=127.0.0.1 port={port} dbname={database} pool_size={store_sessions}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen}
unix_socket_dir =
pidfile = {pid_file}
logfile = {ground}/pgbouncer.log
log_connections = 0
log_disconnections = 0
auth_type = scram-sha-256
auth_file = {ground}/pgbouncer-users.txt
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
    stack.ground.join("pgbouncer.ini")
}

/// Writes a file that only this user can read.
fn write(user: User, path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    user.own(path)?;
    Ok(())
}
