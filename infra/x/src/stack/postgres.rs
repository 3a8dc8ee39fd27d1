//! The stack's PostgreSQL, on its own port, with the settings of a test server: no data needs to survive a power cut.

use std::time::Duration;

use anyhow::Result;

use super::cluster;
use super::cluster::{Cluster, OWNER};
use super::state::{Ending, Stack};
use crate::machine::venv::Venv;
use crate::machine::{process, secret_files};

/// Name of its process and of its folder in the stack.
pub(crate) const NAME: &str = "postgres";
/// Database of the sample tables and the store.
pub(crate) const DATABASE: &str = "shop";
/// Connection limit. Low on purpose, so that a component that opens more sessions than allowed is noticed.
pub(crate) const MAX_CONNECTIONS: u32 = 40;

/// Creates a cluster, starts it and creates the database. Fills in the stack's owner URL.
pub(crate) fn start(stack: &mut Stack, venv: &Venv, max_connections: u32) -> Result<()> {
    let password = secret_files::password()?;
    stack.postgres_bin = cluster::programs(venv)?;
    stack.postgres_data_dir = stack.data(NAME)?;
    stack.postgres_log = stack.work_dir.join("postgres.log");
    stack.direct_port = process::free_port()?;
    cluster(stack).init(&password, &settings(max_connections))?;
    launch(stack)?;
    cluster(stack).create_database(DATABASE, &password)?;
    stack.owner_url = format!(
        "postgres://{OWNER}:{password}@127.0.0.1:{port}/{DATABASE}?sslmode=disable",
        port = stack.direct_port
    );
    stack.save()
}

/// Ends all sessions and starts the server again on its old port.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    stop(stack);
    launch(stack)
}

/// Stops it until it is restarted.
pub(crate) fn stop(stack: &Stack) {
    stack.end(NAME, Duration::from_secs(10));
}

fn launch(stack: &mut Stack) -> Result<()> {
    let pid = cluster(stack).launch()?;
    stack.started(NAME, Ending::Interrupt, pid)
}

fn cluster(stack: &Stack) -> Cluster {
    Cluster {
        bin: stack.postgres_bin.clone(),
        work_dir: stack.work_dir.clone(),
        data: stack.postgres_data_dir.clone(),
        log: stack.postgres_log.clone(),
        port: stack.direct_port,
    }
}

/// Returns the server settings. `%e` in the log prefix is the SQLSTATE, by which refused sessions are counted. `%a`
/// distinguishes the functions from tests. Tests count statements with `pg_stat_statements`,
/// which must not drop any: each of their databases, and each range that is read, has statements of its own.
fn settings(max_connections: u32) -> String {
    format!(
        "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = {max_connections}
shared_buffers = 256MB
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
jit = off
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.max = 50000
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %e %a %u@%d '
log_checkpoints = off
"
    )
}
