//! A second, older PostgreSQL next to the test stack's. Tests compare the worker's output with both.

use std::fs;

use anyhow::Result;

use super::cluster::{Cluster, OWNER};
use super::state::{Ending, Stack};
use crate::machine::progress::Step;
use crate::machine::user::User;
use crate::machine::{prerequisites, process, secret_files};

/// Name of its process and of its folder in the stack.
const NAME: &str = "postgres-15";
const DATABASE: &str = "shop";

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 20
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
";

/// Starts PostgreSQL 15 as a part of the stack. It stops with the stack. Returns the URL of its owner, or `None` if it
/// is not installed and cannot be installed.
pub(crate) fn start(stack: &mut Stack) -> Result<Option<String>> {
    let Some(bin) = prerequisites::postgresql_15() else {
        eprintln!("▸ The comparison with PostgreSQL 15 is skipped: install postgresql-15 to run it");
        return Ok(None);
    };
    let step = Step::start("Starting PostgreSQL 15 to compare with");
    let work_dir = stack.data(NAME)?;
    fs::create_dir_all(&work_dir)?;
    User::unprivileged()?.own(&work_dir)?;
    let cluster = Cluster {
        bin,
        data: work_dir.join("data"),
        log: work_dir.join("log"),
        port: process::free_port()?,
        work_dir,
    };
    let password = secret_files::password()?;
    cluster.init(&password, SETTINGS)?;
    stack.started(NAME, Ending::Interrupt, cluster.launch()?)?;
    cluster.create_database(DATABASE, &password)?;
    step.done(&format!("port {}", cluster.port));
    Ok(Some(format!("postgres://{OWNER}:{password}@127.0.0.1:{}/{DATABASE}?sslmode=disable", cluster.port)))
}
