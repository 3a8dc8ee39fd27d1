//! Connections and transactions of the store.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};

use super::error::StoreError;
use ports::fault::{Fault, Faults, Point};
use ports::postgres::capacity::{self, Capacity, IdleConnections};
use ports::postgres::login::Login;
use ports::postgres::options;
use ports::postgres::ping::PingError;
use ports::postgres::pooler::Pooler;
use ports::random::jitter;
use transaction::Rollbacks;

mod transaction;

pub(super) use transaction::{Statement, Tx, sql};

/// Maximum wait of an operation for a session before it fails with `Busy`.
const SESSION_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum time for a kept connection to begin a transaction; opening a new one is faster than that.
const KEPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Age at which a kept connection is no longer used. Networks drop connections that are silent for 350 seconds (NAT
/// gateways, load balancers) without notice to either end, and a proxy closes idle clients after half an hour.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// Maximum time for a graceful close of the kept connection at the end of an invocation.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum number of tries of an operation that conflicts with another transaction.
const TRIES: u32 = 10;

/// Maximum pause between two checks whether a row held by another transaction is free.
const MAX_PAUSE: Duration = Duration::from_millis(160);

/// The store. Clones share one idle connection.
///
/// A database session is used per transaction and released at its end. The connection that is kept is one to the
/// pooler and costs the database nothing while idle. Without a pooler it is a session, and [`Store::release`] closes it
/// at the end of each invocation.
#[derive(Clone)]
pub struct Store {
    options: PgConnectOptions,
    login: Login,
    pooler: Pooler,
    idle: Arc<Mutex<Option<Kept>>>,
    rollbacks: Rollbacks,
    patience: Duration,
    faults: Faults,
}

/// A connection that is kept, with the time of its last use. The clock is that of the wall, because a frozen
/// environment may not count the time in which it is frozen.
struct Kept {
    connection: PgConnection,
    used: SystemTime,
}

impl Kept {
    fn new(connection: PgConnection) -> Self {
        Self { connection, used: SystemTime::now() }
    }

    /// Returns true if the connection is old, or if the clock was set back.
    fn is_stale(&self) -> bool {
        !self.used.elapsed().is_ok_and(|age| age <= KEPT_FOR)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The options hold a password.
        f.write_str("Store")
    }
}

impl Store {
    /// Configures the store; no connection is opened before the first operation.
    ///
    /// # Errors
    /// If `url` is not a PostgreSQL URL. The URL is not shown in the error because it holds a password.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let options = options::read(url)
            .map_err(|_| {
                StoreError::unreadable(
                    "URL",
                    "it is not of the form postgres://user:password@host:port/database",
                )
            })?
            .application_name("sluice-store")
            // PgBouncer refuses startup parameters it is not configured to ignore; the role has this setting.
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let (login, pooler, faults) = (Login::default(), Pooler::default(), Faults::default());
        Ok(Self {
            options,
            login,
            pooler,
            idle: Arc::default(),
            rollbacks: Arc::default(),
            patience: SESSION_TIMEOUT,
            faults,
        })
    }

    /// Sets the login of sessions.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// Sets the pooler, on which depends if the kept connection is a session.
    #[must_use]
    pub fn with_pooler(self, pooler: Pooler) -> Self {
        Self { pooler, ..self }
    }

    /// Sets the maximum wait for a session.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Measures how many of `requested` sessions can be opened at once.
    pub(super) async fn sessions(&self, requested: u32) -> Result<Capacity, StoreError> {
        Ok(capacity::measure(&self.options, &self.login, requested).await?)
    }

    /// Opens `requested` connections that stay idle, and closes them.
    pub(super) async fn open_idle(&self, requested: u32) -> Result<IdleConnections, StoreError> {
        Ok(capacity::idle(&self.options, &self.login, requested).await?)
    }

    /// Checks that the server responds.
    ///
    /// # Errors
    /// If it does not respond within seconds.
    pub async fn ping(&self) -> Result<(), PingError> {
        ports::postgres::ping::ping(&self.options, &self.login).await
    }

    /// Ends an invocation: waits until dropped transactions are rolled back, and without a pooler closes the kept
    /// connection. A frozen environment would otherwise hold a session that no other one can use.
    pub async fn release(&self) {
        let rollbacks = std::mem::take(&mut *self.rollbacks.lock().unwrap_or_else(PoisonError::into_inner));
        for rollback in rollbacks {
            let _ = rollback.await;
        }
        if self.pooler == Pooler::None {
            self.close_idle().await;
        }
    }

    /// Closes the kept connection. A server that does not respond is not waited for.
    pub(super) async fn close_idle(&self) {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(kept) = kept {
            let _ = tokio::time::timeout(CLOSE_TIMEOUT, kept.connection.close()).await;
        }
    }

    /// Injects faults into operations as planned.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self }
    }

    /// Returns the faults planned for this process.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Kills the process here if a test requests it.
    pub(crate) fn crash(&self, point: Point) {
        self.faults.crash(point);
    }

    /// Runs one statement in a transaction of its own. Returns true if it has changed a row.
    pub(super) async fn change(&self, statement: Statement<'_>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let changed = tx.run(statement).await?;
        tx.commit().await?;
        Ok(changed > 0)
    }

    /// Begins a transaction; waits with jitter while all sessions are taken.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        self.faults.slow(Fault::StoreSlow).await;
        if self.faults.strikes(Fault::StoreBusy) {
            return Err(StoreError::Busy("injected: no session".into()));
        }
        let give_up = Instant::now() + self.patience;
        let mut pause = Duration::from_millis(20);
        loop {
            let error = match self.try_begin().await {
                Ok(tx) => return Ok(tx),
                Err(StoreError::Busy(error)) => error,
                Err(other) => return Err(other),
            };
            if Instant::now() + pause > give_up {
                return Err(StoreError::Busy(error));
            }
            tokio::time::sleep(jitter(pause)).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    async fn try_begin(&self) -> Result<Tx, StoreError> {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Kept { mut connection, .. }) = kept.filter(|kept| !kept.is_stale()) {
            // The environment may have been frozen for minutes, so a kept connection may be dead.
            let begun = tokio::time::timeout(KEPT_TIMEOUT, connection.execute("begin")).await;
            if matches!(begun, Ok(Ok(_))) {
                return Ok(self.tx(connection));
            }
            // An explicit close could wait for its server, over TLS.
            drop(connection);
        }
        let connect = self.login.connect(&self.options);
        let mut connection =
            tokio::time::timeout(self.patience, connect).await.map_err(|e| StoreError::Busy(e.into()))??;
        // Through a pooler, the wait for a session happens here.
        let begun = tokio::time::timeout(self.patience, connection.execute("begin"));
        begun.await.map_err(|e| StoreError::Busy(e.into()))??;
        Ok(self.tx(connection))
    }

    fn tx(&self, connection: PgConnection) -> Tx {
        Tx::new(connection, self.idle.clone(), self.rollbacks.clone(), self.faults.clone())
    }

    /// Runs an operation until it no longer conflicts with another transaction. It holds no session between two
    /// tries, so an operation that waits long for a locked row takes no session from others.
    pub(super) async fn again<T, E, F, Fut>(&self, mut operation: F) -> Result<T, E>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: AsStoreError,
    {
        let give_up = Instant::now() + self.patience;
        let (mut tries, mut pause) = (1, Duration::from_millis(10));
        loop {
            let error = match operation().await {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            match error.as_store_error() {
                Some(StoreError::Conflict(_)) if tries < TRIES => {
                    tokio::time::sleep(jitter(Duration::from_millis(10 * u64::from(tries)))).await;
                    tries += 1;
                }
                Some(StoreError::Taken(_)) if Instant::now() + pause < give_up => {
                    tokio::time::sleep(jitter(pause)).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
                _ => return Err(error),
            }
        }
    }
}

/// Errors that may wrap a store error.
pub(super) trait AsStoreError {
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

#[cfg(test)]
mod tests;
