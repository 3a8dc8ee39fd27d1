//! Connections and transactions of the store.

use std::future::Future;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, Executor, Postgres};

use super::error::StoreError;
use crate::fault::{Fault, Faults, Point};
use crate::login::Login;
use crate::random::jitter;
use crate::reach::Unreached;

/// How long an operation waits for a session before it answers `Busy`.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest time that a kept connection may take to begin: a new one takes less.
const KEPT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest time for one statement: the role's `statement_timeout` and what the way may take. A host that is gone without a
/// word would else be waited for as long as TCP waits, which is longer than a function lives.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(35);

/// Tries of an operation that met another transaction.
const TRIES: u32 = 10;

/// Longest pause of an operation between two looks at whether what another transaction holds is free.
const MAX_PAUSE: Duration = Duration::from_millis(160);

/// The store. Clones share one idle connection.
///
/// A database session is taken per transaction and given back at its end: the connection that is kept
/// is one to the pooler, and costs the database nothing while idle.
#[derive(Clone)]
pub struct Store {
    options: PgConnectOptions,
    login: Login,
    idle: Arc<Mutex<Option<PgConnection>>>,
    patience: Duration,
    faults: Faults,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The options hold a password.
        f.write_str("Store")
    }
}

impl Store {
    /// Names the store; nothing is connected before the first operation.
    ///
    /// # Errors
    /// If `url` is no PostgreSQL URL. It is not shown in the error: it holds a password.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|_| {
                StoreError::unreadable(
                    "URL",
                    "it is not of the form postgres://user:password@host:port/database",
                )
            })?
            .application_name("sluice-store")
            // PgBouncer refuses startup parameters that it was not told to ignore; the role has this setting.
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let (login, faults) = (Login::default(), Faults::default());
        Ok(Self { options, login, idle: Arc::default(), patience: PATIENCE, faults })
    }

    /// Sets how sessions log in.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// Sets how long operations wait for a session.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How a session is opened now.
    pub(super) async fn options(&self) -> Result<PgConnectOptions, StoreError> {
        self.login.prepare(&self.options).await.map_err(|error| StoreError::Busy(error.into()))
    }

    /// Looks whether the server answers at all.
    ///
    /// # Errors
    /// If it does not within seconds.
    pub async fn reach(&self) -> Result<(), Unreached> {
        crate::reach::reach(&self.options, self.login).await
    }

    /// Closes the connection that is kept: without a pooler it is a session.
    pub(super) async fn close_idle(&self) {
        let kept = self.idle.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = kept {
            let _ = connection.close().await;
        }
    }

    /// Lets operations fail as planned.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self }
    }

    /// What is to fail in this process.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Dies here if a test wants it.
    pub(crate) fn crash(&self, point: Point) {
        self.faults.crash(point);
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
        if let Some(mut connection) = kept {
            // The environment may have been frozen for hours: a kept connection is only a guess.
            let begun = tokio::time::timeout(KEPT_TIMEOUT, connection.execute("begin")).await;
            if matches!(begun, Ok(Ok(_))) {
                return Ok(self.tx(connection));
            }
            // Closing it by hand could wait for its server, over TLS.
            drop(connection);
        }
        let options = self.options().await?;
        let connect = PgConnection::connect_with(&options);
        let mut connection =
            tokio::time::timeout(self.patience, connect).await.map_err(|e| StoreError::Busy(e.into()))??;
        // Through a pooler it is here that a session is waited for.
        let begun = tokio::time::timeout(self.patience, connection.execute("begin"));
        begun.await.map_err(|e| StoreError::Busy(e.into()))??;
        Ok(self.tx(connection))
    }

    fn tx(&self, connection: PgConnection) -> Tx {
        Tx { connection: Some(connection), home: self.idle.clone(), faults: self.faults.clone() }
    }

    /// Runs an operation until it meets no other transaction. Between two tries it has no session: what waits for a row
    /// that is held for long takes none from others.
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

/// Errors that may stand for a store error.
pub(super) trait AsStoreError {
    fn as_store_error(&self) -> Option<&StoreError>;
}

impl AsStoreError for StoreError {
    fn as_store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Waits for one statement, and no longer than [`STATEMENT_TIMEOUT`]. Its transaction is of no use after that.
async fn in_time<T>(statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(STATEMENT_TIMEOUT, statement).await;
    Ok(answer.map_err(|e| StoreError::Busy(e.into()))??)
}

/// A transaction. Dropped without commit, its connection is closed, which rolls it back.
pub(super) struct Tx {
    connection: Option<PgConnection>,
    home: Arc<Mutex<Option<PgConnection>>>,
    faults: Faults,
}

/// A statement with its parameters.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A statement as a pooler allows it: unnamed.
pub(super) fn sql(text: &'static str) -> Statement<'static> {
    sqlx::query(text).persistent(false)
}

impl Tx {
    fn open(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Busy("the connection is gone".into()))
    }

    pub(super) async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        in_time(statement.fetch_all(self.open()?)).await
    }

    pub(super) async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<PgRow>, StoreError> {
        in_time(statement.fetch_optional(self.open()?)).await
    }

    pub(super) async fn one(&mut self, statement: Statement<'_>) -> Result<PgRow, StoreError> {
        in_time(statement.fetch_one(self.open()?)).await
    }

    /// Runs a statement and answers how many rows it changed.
    pub(super) async fn run(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(in_time(statement.execute(self.open()?)).await?.rows_affected())
    }

    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        self.end("commit").await?;
        if self.faults.strikes(Fault::StoreLoseAnswer) {
            return Err(StoreError::Busy("injected: the connection broke after the commit".into()));
        }
        Ok(())
    }

    pub(super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.end("rollback").await
    }

    /// Rolls back for `error`, so that the connection stays: one that is dropped costs a login at the server, and where
    /// many are refused, those are many. Where the connection itself may have failed, it is dropped.
    pub(super) async fn refuse(self, error: &impl AsStoreError) {
        let usable = match error.as_store_error() {
            None => true,
            Some(error) => matches!(error, StoreError::Taken(_) | StoreError::Conflict(_)),
        };
        if usable {
            let _ = self.rollback().await;
        }
    }

    /// Gives all locks back and begins anew.
    pub(super) async fn restart(&mut self) -> Result<(), StoreError> {
        let connection = self.open()?;
        in_time(connection.execute("rollback")).await?;
        in_time(connection.execute("begin")).await?;
        Ok(())
    }

    async fn end(&mut self, how: &'static str) -> Result<(), StoreError> {
        let mut connection =
            self.connection.take().ok_or_else(|| StoreError::Busy("the connection is gone".into()))?;
        in_time(connection.execute(how)).await?;
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(())
    }
}
