//! PgBouncer before the user's own server. It limits the sessions, and gives each the settings that the source role has
//! elsewhere: without `--owner` nothing is changed on the server, so the role has none of them.
//!
//! It is a process of its own, because the protection of connections is one setting of a whole PgBouncer, and the stack's
//! own server has no TLS. Its folder holds the login, and is removed when the stack stops.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::OwnSource;
use crate::machine::user::User;
use crate::machine::{prerequisites, process, secret_files};
use crate::stack::pgbouncer;
use crate::stack::state::{Ending, Stack};

/// Name of its process and of its folder in the stack.
const NAME: &str = "source-pooler";

/// Settings of the source role on which files depend, or that protect the server. A test compares them with those of
/// the role (`infra/source/test_settings.py`).
pub(crate) const SETTINGS: [(&str, &str); 13] = [
    ("default_transaction_read_only", "on"),
    ("lock_timeout", "5s"),
    ("max_parallel_workers_per_gather", "0"),
    ("idle_in_transaction_session_timeout", "2min"),
    ("row_security", "off"),
    ("timezone", "UTC"),
    ("datestyle", "ISO"),
    ("intervalstyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("search_path", "pg_catalog"),
    ("client_min_messages", "error"),
    ("idle_session_timeout", "0"),
];
/// A setting that not every platform has: a server without it ends the COPY of a killed stack only when it writes.
const SETTING_IF_POSSIBLE: (&str, &str) = ("client_connection_check_interval", "2s");

impl OwnSource<'_> {
    /// Writes the settings and starts the pooler. Fills in the stack's source URL.
    pub(crate) fn start_pooler(&self, stack: &mut Stack) -> Result<()> {
        let user = User::unprivileged()?;
        let folder = stack.data(NAME)?;
        secret_files::folder(&folder, user)?;
        let password = secret_files::password()?;
        stack.source_pooler_port = process::free_port()?;
        let users = format!("\"{}\" \"{password}\"\n", self.role);
        secret_files::write(&folder.join("users.txt"), users, user)?;
        let tls = &self.server.tls;
        for (file, name) in [
            (&tls.authorities, "authorities.pem"),
            (&tls.certificate, "client.pem"),
            (&tls.key, "client.key"),
        ] {
            if let Some(file) = file {
                let text = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
                secret_files::write(&folder.join(name), text, user)?;
            }
        }
        secret_files::write(&settings_file(stack), self.settings(stack, &folder), user)?;
        stack.source_url = format!(
            "postgres://{}:{password}@127.0.0.1:{}/source?sslmode=disable",
            self.role, stack.source_pooler_port
        );
        launch(stack)
    }

    fn settings(&self, stack: &Stack, folder: &Path) -> String {
        let server = &self.server;
        let mut database = format!("source = port={} pool_size={}", server.port, self.spec.budget);
        for (name, value) in [
            ("host", &server.host),
            ("dbname", &server.database),
            ("user", &server.role),
            ("password", &server.password),
            ("connect_query", &Some(self.connect_query())),
        ] {
            if let Some(value) = value {
                database.push_str(&format!(" {name}={}", quoted(value)));
            }
        }
        let folder = folder.display();
        let tls = &server.tls;
        let mut protection = format!("server_tls_sslmode = {}\n", tls.mode);
        for (given, name, file) in [
            (&tls.authorities, "server_tls_ca_file", "authorities.pem"),
            (&tls.certificate, "server_tls_cert_file", "client.pem"),
            (&tls.key, "server_tls_key_file", "client.key"),
        ] {
            if given.is_some() {
                protection.push_str(&format!("{name} = {folder}/{file}\n"));
            }
        }
        // A newer PgBouncer would restore the server's own style for each client, unless it tracks another setting.
        if self.intervalstyle != "postgres" && prerequisites::pgbouncer_tracks_settings() {
            protection.push_str("track_extra_parameters = integer_datetimes\n");
        }
        format!(
            "[databases]
{database}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pidfile = {folder}/pid
logfile = {log}
log_connections = 0
log_disconnections = 0
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
max_client_conn = 500
max_db_connections = {budget}
server_login_retry = 1
{protection}",
            port = stack.source_pooler_port,
            log = log(stack).display(),
            budget = self.spec.budget,
        )
    }

    /// Returns the statements that run once in each session. PgBouncer ignores their errors, so the settings are
    /// compared afterwards. The setting that may fail has a transaction of its own, so that it undoes no other.
    fn connect_query(&self) -> String {
        connect_query(self.worker_timeout_secs)
    }
}

fn connect_query(worker_timeout_secs: u32) -> String {
    let mut statements = format!("begin;set statement_timeout='{worker_timeout_secs}s';");
    for (name, value) in SETTINGS {
        // Every byte counts: numbers and switches need no quotes.
        let is_plain = ["on", "off"].contains(&value) || value.bytes().all(|byte| byte.is_ascii_digit());
        let value = if is_plain { value.to_owned() } else { format!("'{value}'") };
        statements.push_str(&format!("set {name}={value};"));
    }
    let (name, value) = SETTING_IF_POSSIBLE;
    statements.push_str(&format!("commit;do $$begin set {name}='{value}';exception when others then end$$"));
    statements
}

/// Changes the maximum number of sessions of a running pooler to the stack's budget. Sessions beyond it end with their
/// transactions.
///
/// # Errors
/// If the settings cannot be written, or the pooler is not running.
pub(crate) fn follow_budget(stack: &Stack) -> Result<()> {
    let file = settings_file(stack);
    let settings = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    secret_files::write(&file, with_budget(&settings, stack.budget), User::unprivileged()?)?;
    pgbouncer::reload(stack, NAME)
}

/// Returns the settings with another maximum number of sessions. The values of the login are quoted, and stay.
fn with_budget(settings: &str, budget: u32) -> String {
    let line = |line: &str| match line.split_once(" pool_size=") {
        Some((start, rest)) if line.starts_with("source = ") => {
            let after = rest.find(' ').map_or("", |at| &rest[at..]);
            format!("{start} pool_size={budget}{after}\n")
        }
        _ if line.starts_with("max_db_connections = ") => format!("max_db_connections = {budget}\n"),
        _ => format!("{line}\n"),
    };
    settings.lines().map(line).collect()
}

/// Ends all sessions and starts the pooler again on its old port.
pub(crate) fn restart(stack: &mut Stack) -> Result<()> {
    stop(stack);
    launch(stack)
}

/// Stops it until it is restarted.
pub(crate) fn stop(stack: &Stack) {
    stack.end(NAME, Duration::from_secs(5));
    let _ = fs::remove_file(stack.work_dir.join(NAME).join("pid"));
}

/// Returns the path of its log, which stays when the stack stops.
pub(super) fn log(stack: &Stack) -> PathBuf {
    stack.work_dir.join("source-pooler.log")
}

fn launch(stack: &mut Stack) -> Result<()> {
    let mut command = User::unprivileged()?.command(prerequisites::pgbouncer()?);
    command.arg("--quiet").arg(settings_file(stack)).current_dir(&stack.work_dir).env_clear();
    let pid = process::start(command, &stack.work_dir.join("source-pooler.out"))?;
    stack.started(NAME, Ending::Terminate, pid)?;
    process::await_port(stack.source_pooler_port, pid, &stack.mark(), &log(stack))
}

fn settings_file(stack: &Stack) -> PathBuf {
    stack.work_dir.join(NAME).join("pgbouncer.ini")
}

/// Returns a value in PgBouncer's quotes.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Maximum length of the statements that PgBouncer sends for a new session, in bytes: its message has 512.
    const MAX_CONNECT_QUERY: usize = 500;

    #[test]
    fn settings_of_a_session_fit_into_one_message() {
        let statements = connect_query(900);
        assert!(statements.len() <= MAX_CONNECT_QUERY, "{} bytes: {statements}", statements.len());
        assert!(
            statements.contains("set timezone='UTC';")
                && statements.contains("set statement_timeout='900s';")
        );
    }

    #[test]
    fn budget_is_changed_and_the_login_kept() {
        let settings = "[databases]\nsource = port=5432 pool_size=4 host='h' password=' pool_size=4 max_db_connections = 4'\n\n[pgbouncer]\nmax_db_connections = 4\nserver_tls_sslmode = prefer\n";
        let expected = "[databases]\nsource = port=5432 pool_size=12 host='h' password=' pool_size=4 max_db_connections = 4'\n\n[pgbouncer]\nmax_db_connections = 12\nserver_tls_sslmode = prefer\n";
        assert_eq!(with_budget(settings, 12), expected);
    }

    #[test]
    fn quotes_within_values_are_doubled() {
        assert_eq!(quoted("p@:/?#%'x"), "'p@:/?#%''x'");
    }
}
