//! The user's database, read by one session per attempt.
//!
//! A session is bare: no pool, no reuse. It ends with a commit, or its connection is closed hard.

pub mod sql;

mod code;
mod error;
mod explain;
mod horizon;
mod inspect;
mod load;
mod pooler;
mod resolve;
mod rights;
mod session;
mod sqlstate;

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::fault::{Fault, Faults};
use crate::login::Login;
use crate::random::jitter;
use crate::reach::Unreached;
use crate::room::Room;

pub use code::SourceCode;
pub use error::SourceError;
pub use inspect::Inspector;
pub use resolve::{Estimated, Refreshed, Resolution, estimate, refresh, resolve};
pub use rights::Rights;
pub use session::{BATCH_BYTES, Described, Rows, Session};

/// Where sessions come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// `None`: the URL cannot be used.
    options: Option<PgConnectOptions>,
    login: Login,
    faults: Faults,
}

/// Between two tries to get a session: the first pause, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A try to get a session is given at least so long.
const SHORTEST_WAIT: Duration = Duration::from_secs(2);

/// Longest time to reach the server and log in; a pooler's server session is waited for after that.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest time that a session which has ended may still count at the server.
const LONGEST_CLOSING: Duration = Duration::from_secs(5);

impl Source {
    /// Reads the URL; connects to nothing.
    pub fn new(url: &str) -> Result<Self, SourceError> {
        let options = PgConnectOptions::from_str(url).map_err(SourceError::url)?;
        // A pooler refuses startup parameters it does not know; the role has all settings it needs.
        let options = options
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .application_name("sluice")
            .disable_statement_logging();
        Ok(Self { options: Some(options), ..Self::unusable() })
    }

    /// Reads the URL; one that cannot be used is reported by each session that is asked for. A worker that ended instead
    /// could not say why nothing is read.
    pub fn lazy(url: &str) -> Self {
        Self::new(url).unwrap_or_else(|_| Self::unusable())
    }

    fn unusable() -> Self {
        Self { options: None, login: Login::default(), faults: Faults::default() }
    }

    /// Sets how sessions log in.
    #[must_use]
    pub fn with_login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// Lets sessions fail as planned.
    #[must_use]
    pub fn with_faults(self, faults: &Faults) -> Self {
        Self { faults: faults.clone(), ..self }
    }

    /// Opens a session for one attempt and begins its transaction. While the server or the pooler has
    /// none to give, it waits with jitter until `patience` is over.
    pub async fn session(&self, patience: Duration) -> Result<Session, SourceError> {
        self.faults.slow(Fault::SourceSlow).await;
        if self.faults.strikes(Fault::SourceRefuse) {
            return Err(SourceError::injected());
        }
        Session::open(self.options().await?, patience, self.faults.clone()).await
    }

    /// How sessions are opened now, and for longer than anybody waits for one.
    async fn options(&self) -> Result<PgConnectOptions, SourceError> {
        let options = self.options.as_ref().ok_or_else(SourceError::no_url)?;
        self.login.prepare(options).await.map_err(SourceError::login)
    }

    /// Looks whether the server answers at all.
    ///
    /// # Errors
    /// If it does not within seconds.
    pub async fn reach(&self) -> Result<(), Unreached> {
        match &self.options {
            Some(options) => crate::reach::reach(options, self.login).await,
            None => Err(Unreached::Failed("the source".to_owned(), SourceError::no_url().into())),
        }
    }

    /// Measures how many of `wanted` sessions can be had at once. Nobody else gets one meanwhile.
    ///
    /// # Errors
    /// If no token to log in with can be made.
    pub async fn room(&self, wanted: u32) -> Result<Room, SourceError> {
        Ok(crate::room::measure(&self.options().await?, wanted).await)
    }
}

async fn connect(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection, SourceError> {
    let (begun, mut wait) = (Instant::now(), FIRST_WAIT);
    loop {
        let left = patience.saturating_sub(begun.elapsed()).max(SHORTEST_WAIT);
        let error = match begin(options, left).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let patience = match error.code {
            SourceCode::Full => patience,
            // A pooler passes a session too many on as a refused login. Those that are just closing are gone soon.
            SourceCode::Login if error.sqlstate.as_deref() == Some("08P01") => patience.min(LONGEST_CLOSING),
            _ => return Err(error),
        };
        let pause = jitter(wait);
        if begun.elapsed() + pause >= patience {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// READ COMMITTED on purpose. Under REPEATABLE READ the snapshot could be older than the lock: a table
/// rewritten or truncated while we waited for it would be seen as empty. Here describing takes the
/// lock, and the COPY after it takes a fresh snapshot.
async fn begin(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection, SourceError> {
    let login = tokio::time::timeout(patience.min(LOGIN_TIMEOUT), options.connect());
    let mut connection = login.await.map_err(|_| SourceError::silent())?.map_err(SourceError::connecting)?;
    // Through a pooler it is here that a server session is asked for.
    let begun = sqlx::raw_sql("begin isolation level read committed read only").execute(&mut connection);
    let begun = tokio::time::timeout(patience, begun).await.map_err(|_| SourceError::waited())?;
    begun.map_err(SourceError::connecting)?;
    Ok(connection)
}
