//! Access to the user's database, which is read by one session per attempt.
//!
//! A session is a single connection: no pool, no reuse. It ends with a commit, or its connection is
//! dropped.

pub mod sql;

mod code;
mod error;
pub mod explain;
mod held;
mod horizon;
mod inspect;
mod keeper;
mod load;
mod pooler;
pub mod proof;
mod rights;
mod session;
mod sqlstate;

use std::future::Future;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions};

use ports::fault::{Fault, Faults};
use ports::postgres::capacity::Capacity;
use ports::postgres::login::{Login, Refusal};
use ports::postgres::options;
use ports::postgres::ping::PingError;
use ports::random::jitter;

pub use code::SourceCode;
pub use error::SourceError;
pub use held::Held;
pub use inspect::{Inspector, from_clause};
pub use keeper::{Departure, Keeper};
pub use rights::Rights;
pub use session::{BATCH_BYTES, Described, Rows, Session, compare};

/// Configuration for opening sessions of the source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Connection options; `None` if the URL cannot be used.
    options: Option<PgConnectOptions>,
    login: Login,
    faults: Faults,
}

/// First pause between two tries to get a session; the next constant is the longest pause.
const MIN_RETRY_PAUSE: Duration = Duration::from_millis(50);
const MAX_RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Minimum time given to a try to get a session.
const MIN_TRY: Duration = Duration::from_secs(2);

/// Maximum time to reach the server and log in; the wait for a pooler's server session comes after that.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum time for which a session that has ended may still count at the server.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(5);

/// Time for which a refused password may be one that is just being changed.
const ROTATION_TIMEOUT: Duration = Duration::from_secs(10);

impl Source {
    /// Parses the URL; opens no connection.
    pub fn new(url: &str) -> Result<Self, SourceError> {
        let options = options::read(url).map_err(SourceError::url)?;
        // A pooler refuses unknown startup parameters; the role has all necessary settings.
        let options = options
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .application_name("sluice")
            .disable_statement_logging();
        Ok(Self { options: Some(options), ..Self::unusable() })
    }

    /// Parses the URL; a URL that cannot be used is reported by each attempt to open a session. A worker that ended
    /// instead could not report why nothing is read.
    pub fn lazy(url: &str) -> Self {
        Self::new(url).unwrap_or_else(|_| Self::unusable())
    }

    fn unusable() -> Self {
        Self { options: None, login: Login::default(), faults: Faults::default() }
    }

    /// Sets the login of sessions.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// Injects faults into sessions as planned.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self }
    }

    /// Opens a session for one attempt and begins its transaction. While the server or the pooler has no free
    /// session, it waits with jitter until `patience` is over.
    pub async fn session(&self, patience: Duration) -> Result<Session, SourceError> {
        self.session_of(View::Now, patience).await
    }

    /// Opens a session as [`Source::session`] does; all its statements show a snapshot that another session exported.
    ///
    /// # Errors
    /// [`SourceCode::SnapshotGone`] if the session that exported it has ended, or is a session of another server.
    pub async fn session_at(&self, snapshot: &str, patience: Duration) -> Result<Session, SourceError> {
        self.session_of(View::Exported(snapshot.to_owned()), patience).await
    }

    async fn session_of(&self, view: View, patience: Duration) -> Result<Session, SourceError> {
        self.faults.slow(Fault::SourceSlow).await;
        if self.faults.strikes(Fault::SourceRefuse) {
            return Err(SourceError::injected());
        }
        self.log_in(|options| Session::open(options, view.clone(), patience, self.faults.clone())).await
    }

    /// Opens a connection and begins its transaction; waits up to `patience` for a free session.
    async fn connect(&self, patience: Duration) -> Result<PgConnection, SourceError> {
        self.connect_at(&View::Now, patience).await
    }

    /// Opens a connection and begins its transaction, in which statements show `view`.
    async fn connect_at(&self, view: &View, patience: Duration) -> Result<PgConnection, SourceError> {
        self.log_in(|options| async move { connect(&options, view, patience).await }).await
    }

    /// Runs an operation that logs in, with options that stay valid for longer than any wait for a session. A password
    /// that comes from a secret may be refused for a moment, while it is being changed in server, pooler and secret.
    async fn log_in<T, F, Fut>(&self, mut operation: F) -> Result<T, SourceError>
    where
        F: FnMut(PgConnectOptions) -> Fut,
        Fut: Future<Output = Result<T, SourceError>>,
    {
        let options = self.options.as_ref().ok_or_else(SourceError::no_url)?;
        let begun = Instant::now();
        loop {
            // Boxed, because the future of a login is large.
            let error = match Box::pin(self.login.attempt(options, &mut operation)).await {
                Err(error) if error.is_refused_login() => error,
                other => return other,
            };
            if !matches!(self.login, Login::Secret(_)) || begun.elapsed() >= ROTATION_TIMEOUT {
                return Err(error);
            }
            tokio::time::sleep(jitter(MAX_RETRY_PAUSE)).await;
        }
    }

    /// Checks that the server responds.
    ///
    /// # Errors
    /// If it does not respond within seconds.
    pub async fn ping(&self) -> Result<(), PingError> {
        match &self.options {
            Some(options) => ports::postgres::ping::ping(options, &self.login).await,
            None => Err(PingError::Failed("the source".to_owned(), SourceError::no_url().into())),
        }
    }

    /// Measures how many of `requested` sessions can be opened at once. No other client gets a session meanwhile.
    ///
    /// # Errors
    /// If no login can be tried.
    pub async fn capacity(&self, requested: u32) -> Result<Capacity, SourceError> {
        let options = self.options.as_ref().ok_or_else(SourceError::no_url)?;
        Ok(ports::postgres::capacity::measure(options, &self.login, requested).await?)
    }
}

/// Data that the statements of a session show.
#[derive(Clone, Debug)]
pub(crate) enum View {
    /// Everything that is committed when the statement begins.
    Now,
    /// The snapshot with this identifier, which another session has exported.
    Exported(String),
}

async fn connect(
    options: &PgConnectOptions,
    view: &View,
    patience: Duration,
) -> Result<PgConnection, SourceError> {
    let (begun, mut wait) = (Instant::now(), MIN_RETRY_PAUSE);
    loop {
        let left = patience.saturating_sub(begun.elapsed()).max(MIN_TRY);
        let error = match begin(options, view, left).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let patience = match error.code {
            SourceCode::Full => patience,
            // A pooler reports an excess session as a refused login. Sessions that are being closed are gone soon.
            SourceCode::Login if error.sqlstate.as_deref() == Some("08P01") => patience.min(CLOSING_TIMEOUT),
            _ => return Err(error),
        };
        let pause = jitter(wait);
        if begun.elapsed() + pause >= patience {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        wait = (wait * 2).min(MAX_RETRY_PAUSE);
    }
}

/// Opens a connection and begins its transaction. READ COMMITTED is used on purpose. Under REPEATABLE READ the
/// snapshot could be older than the lock, so a table rewritten or truncated during the wait for the lock would appear
/// empty. Here the description takes the lock, and the COPY after it takes a fresh snapshot.
///
/// An exported snapshot can only be imported under REPEATABLE READ. It is no older than the locks of the session that
/// exported it, which are held until after the import ([`Keeper`]).
async fn begin(
    options: &PgConnectOptions,
    view: &View,
    patience: Duration,
) -> Result<PgConnection, SourceError> {
    let login = tokio::time::timeout(patience.min(LOGIN_TIMEOUT), options.connect());
    let mut connection = login.await.map_err(|_| SourceError::silent())?.map_err(SourceError::connecting)?;
    // Through a pooler, the server session is requested here.
    let begin = match view {
        View::Now => "begin isolation level read committed read only",
        View::Exported(_) => "begin isolation level repeatable read read only",
    };
    let begun = sqlx::raw_sql(begin).execute(&mut connection);
    let begun = tokio::time::timeout(patience, begun).await.map_err(|_| SourceError::waited())?;
    begun.map_err(SourceError::connecting)?;
    if let View::Exported(snapshot) = view {
        let import = format!("set transaction snapshot {}", sql::literal(snapshot));
        let imported = sqlx::raw_sql(AssertSqlSafe(import)).execute(&mut connection).await;
        imported.map_err(|error| SourceError::classify(error).of_import())?;
    }
    Ok(connection)
}
