//! Number of sessions that can be opened at once, whatever limits them: pooler, role or server.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{Connection, Executor, Row};

use super::login::{ConnectError, Login, LoginError};

/// Maximum wait for a session within the budget.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum wait for the one session beyond the budget: other clients cannot work meanwhile.
const NEXT_TIMEOUT: Duration = Duration::from_millis(500);

/// Pause between two tries: a session that has just ended still counts for a moment.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// Maximum number of sessions that are measured.
const MAX_REQUESTED: u32 = 64;

/// Result of the measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Number of sessions requested: the budget, or 64 if that is less.
    pub requested: u32,
    /// Number of them that were open at once.
    pub opened: u32,
    /// Outcome of the next one.
    pub next: Next,
    /// Number of servers that they reached: more than one if the address leads to several read replicas.
    pub servers: usize,
}

/// Outcome of opening one session more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The session has to wait: the pooler has none free.
    Queued,
    /// The server or the pooler refuses the session.
    Refused,
    /// The session is opened: the limit is not enforced.
    Allowed,
}

/// Result of opening connections that stay idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleConnections {
    /// Number of connections requested: the number wanted, or 65 if that is less.
    pub requested: u32,
    /// Number of them that were open at once.
    pub opened: u32,
    /// Outcome of the first that failed.
    pub end: IdleEnd,
}

/// Outcome of opening idle connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdleEnd {
    /// All of them are open.
    AllOpen,
    /// The server has no session left for the role or for all roles (53300): each connection is a session.
    NoSession,
    /// Any other error, such as the maximum number of clients of a pooler, or a timeout.
    Failed,
}

/// Logs in `wanted` times without beginning a transaction, and closes all connections. A pooler in transaction mode
/// accepts more connections than the role may have sessions; a server does not.
///
/// # Errors
/// If no login can be tried.
pub async fn idle(
    options: &PgConnectOptions,
    login: &Login,
    wanted: u32,
) -> Result<IdleConnections, LoginError> {
    login.prepare(options).await?;
    let wanted = wanted.min(MAX_REQUESTED + 1);
    let (mut held, mut end) = (Vec::new(), IdleEnd::AllOpen);
    while held.len() < wanted as usize {
        match logged_in(options, login).await {
            Ok(connection) => held.push(connection),
            Err(why) => {
                end = why;
                break;
            }
        }
    }
    let opened = u32::try_from(held.len()).unwrap_or(u32::MAX);
    for connection in held {
        let _ = connection.close().await;
    }
    Ok(IdleConnections { requested: wanted, opened, end })
}

/// Opens one connection. A refused one is tried again for a moment, because sessions that are being closed still count.
async fn logged_in(options: &PgConnectOptions, login: &Login) -> Result<PgConnection, IdleEnd> {
    let give_up = Instant::now() + NEXT_TIMEOUT;
    loop {
        let end = match tokio::time::timeout(SESSION_TIMEOUT, login.connect(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(ConnectError::Server(sqlx::Error::Database(error))))
                if error.code().as_deref() == Some("53300") =>
            {
                IdleEnd::NoSession
            }
            _ => IdleEnd::Failed,
        };
        if Instant::now() + RETRY_PAUSE >= give_up {
            return Err(end);
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

/// Opens `wanted` sessions at once, each in a transaction of its own, tries to open one more, and closes all.
///
/// # Errors
/// If no login can be tried.
pub async fn measure(options: &PgConnectOptions, login: &Login, wanted: u32) -> Result<Capacity, LoginError> {
    login.prepare(options).await?;
    let wanted = wanted.min(MAX_REQUESTED);
    let (mut held, mut next) = (Vec::new(), Next::Allowed);
    while held.len() <= wanted as usize {
        let timeout = if held.len() < wanted as usize { SESSION_TIMEOUT } else { NEXT_TIMEOUT };
        match one(options, login, timeout).await {
            Ok(connection) => held.push(connection),
            Err(why) => {
                next = why;
                break;
            }
        }
    }
    let opened = u32::try_from(held.len()).unwrap_or(u32::MAX).min(wanted);
    let mut servers = BTreeSet::new();
    for mut connection in held {
        servers.extend(started_at(&mut connection).await);
        // A connection that breaks here is released all the same.
        let _ = connection.execute("rollback").await;
        let _ = connection.close().await;
    }
    Ok(Capacity { requested: wanted, opened, next, servers: servers.len() })
}

/// Returns the start of the server, in microseconds, by which servers differ; `None` if the connection breaks.
async fn started_at(connection: &mut PgConnection) -> Option<String> {
    let row = connection.fetch_one("select pg_catalog.pg_postmaster_start_time()::text").await.ok()?;
    row.try_get(0).ok()
}

async fn one(options: &PgConnectOptions, login: &Login, timeout: Duration) -> Result<PgConnection, Next> {
    let give_up = Instant::now() + timeout;
    loop {
        let left = give_up.saturating_duration_since(Instant::now());
        let begun = async {
            let mut connection = login.connect(options).await?;
            connection.execute("begin read only").await?;
            Ok::<_, ConnectError>(connection)
        };
        match tokio::time::timeout(left, begun).await {
            Ok(Ok(connection)) => return Ok(connection),
            Err(_) => return Err(Next::Queued),
            Ok(Err(_)) if Instant::now() + RETRY_PAUSE >= give_up => return Err(Next::Refused),
            Ok(Err(_)) => tokio::time::sleep(RETRY_PAUSE).await,
        }
    }
}
