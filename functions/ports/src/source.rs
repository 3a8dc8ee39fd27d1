//! The user's database, read by one session per attempt.
//!
//! A session is bare: no pool, no reuse. It ends with a commit, or its connection is closed hard.

pub mod sql;

mod error;
mod explain;
mod horizon;
mod inspect;
mod load;
mod resolve;
mod rights;
mod session;

use std::str::FromStr;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection};

use crate::fault::{Fault, Faults};
use crate::login::Login;
use crate::random::jitter;
use crate::reach::Unreached;
use crate::room::Room;

pub use error::SourceError;
pub use inspect::Inspector;
pub use resolve::{Estimated, Refreshed, Resolution, estimate, refresh, resolve};
pub use rights::Rights;
pub use session::{BATCH_BYTES, Described, Rows, Session};

/// Where sessions come from.
#[derive(Clone, Debug)]
pub struct Source {
    options: PgConnectOptions,
    login: Login,
    faults: Faults,
}

/// Between two tries to get a session: the first pause, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);

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
        Ok(Self { options, login: Login::default(), faults: Faults::default() })
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
        self.login.prepare(&self.options).await.map_err(SourceError::login)
    }

    /// Looks whether the server answers at all.
    ///
    /// # Errors
    /// If it does not within seconds.
    pub async fn reach(&self) -> Result<(), Unreached> {
        crate::reach::reach(&self.options, self.login).await
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
    let (deadline, mut wait) = (Instant::now() + patience, FIRST_WAIT);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match tokio::time::timeout(left.max(Duration::from_secs(2)), begin(options)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => error,
            Err(_) => SourceError::waited(),
        };
        let pause = jitter(wait);
        if !error.refused() || Instant::now() + pause >= deadline {
            return Err(error);
        }
        tokio::time::sleep(pause).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

/// READ COMMITTED on purpose. Under REPEATABLE READ the snapshot could be older than the lock: a table
/// rewritten or truncated while we waited for it would be seen as empty. Here describing takes the
/// lock, and the COPY after it takes a fresh snapshot.
async fn begin(options: &PgConnectOptions) -> Result<PgConnection, SourceError> {
    let mut connection = options.connect().await.map_err(SourceError::classify)?;
    // Through a pooler it is here that a server session is asked for.
    let begun =
        sqlx::raw_sql("begin isolation level read committed read only").execute(&mut connection).await;
    begun.map_err(SourceError::classify)?;
    Ok(connection)
}
