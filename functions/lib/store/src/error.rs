//! Errors of the store.

use ports::postgres::login::{ConnectError, LoginError};
use ports::postgres::server::{OLDEST_MAJOR, is_silent};

/// A store operation failed. Nothing was changed, unless the connection broke during commit.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// All sessions are taken, or the database is unreachable; worth a retry a little later.
    #[error("the store is busy or cannot be reached")]
    Busy(#[source] Source),
    /// A conflict with another transaction; the store retries the operation itself.
    #[error("the transaction conflicted with another one")]
    Conflict(#[source] Source),
    /// Another transaction holds a lock this one would have waited for, such as the tenant's row. The store retries
    /// the operation itself, without holding a session in between.
    #[error("another request of the tenant is still being processed")]
    Taken(#[source] Source),
    /// Schema `sluice` is missing or older than this program.
    #[error("the store has not been migrated (run `sluice admin migrate`)")]
    NotMigrated(#[source] Source),
    /// The server is too old; nothing was applied.
    #[error(
        "PostgreSQL {0} is too old: Sluice needs {OLDEST_MAJOR} or newer; upgrade the server, or use another one"
    )]
    TooOld(String),
    /// Any other error.
    #[error("the store failed")]
    Failed(#[source] Source),
    /// A row that this program cannot read.
    #[error("cannot read the {what} of the store: {why}")]
    Unreadable {
        /// Name of the column.
        what: &'static str,
        /// Description of the problem.
        why: String,
    },
}

/// The cause as the driver reported it, opaque to callers.
pub(crate) type Source = Box<dyn std::error::Error + Send + Sync>;

/// A server error whose text might quote a value: only its code and the constraint are shown.
#[derive(Debug, thiserror::Error)]
#[error("the server reported SQLSTATE {state}{}", .constraint.as_ref().map(|name| format!(" for {name}")).unwrap_or_default())]
struct Unquoted {
    state: String,
    constraint: Option<String>,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            // The referenced row has just been deleted: a retry creates it again or does without it.
            sqlx::Error::Database(e) if e.code().as_deref() == Some("23503") => {
                let constraint = e.constraint().map(str::to_owned);
                return Self::Conflict(Unquoted { state: "23503".into(), constraint }.into());
            }
            sqlx::Error::Database(e) if !is_silent(&e.code().unwrap_or_default()) => {
                let state = e.code().unwrap_or_default().into_owned();
                let constraint = e.constraint().map(str::to_owned);
                return Self::Failed(Unquoted { state, constraint }.into());
            }
            sqlx::Error::Database(e) => e.code().unwrap_or_default().into_owned(),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::Protocol(_) => return Self::Busy(error.into()),
            _ => return Self::Failed(error.into()),
        };
        match code.as_str() {
            // The server starts, stops or recovers, or has ended the session or the statement because of a timeout;
            // or it has become a standby, as the old primary does in a failover.
            "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "25P03" | "25P04" | "25006" => {
                Self::Busy(error.into())
            }
            // Sessions, memory or disk space are exhausted; 08P01 is a pooler's error. A login fails while a password
            // was changed and the functions do not have it yet.
            code if ["08", "28", "53"].iter().any(|class| code.starts_with(class)) => {
                Self::Busy(error.into())
            }
            "40001" | "40P01" => Self::Conflict(error.into()),
            "55P03" => Self::Taken(error.into()),
            "3F000" | "42P01" | "42883" | "42703" => Self::NotMigrated(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<ConnectError> for StoreError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Login(error) => error.into(),
            ConnectError::Server(error) => error.into(),
        }
    }
}

impl From<LoginError> for StoreError {
    fn from(error: LoginError) -> Self {
        Self::Busy(error.into())
    }
}

impl StoreError {
    pub(crate) fn unreadable(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Unreadable { what, why: why.to_string() }
    }

    /// Returns the SQLSTATE that the server reported; `None` if the server reported none.
    pub fn sqlstate(&self) -> Option<String> {
        let cause = match self {
            Self::Busy(cause)
            | Self::Conflict(cause)
            | Self::Taken(cause)
            | Self::NotMigrated(cause)
            | Self::Failed(cause) => cause,
            Self::TooOld(_) | Self::Unreadable { .. } => return None,
        };
        if let Some(unquoted) = cause.downcast_ref::<Unquoted>() {
            return Some(unquoted.state.clone());
        }
        let error = cause.downcast_ref::<sqlx::Error>()?.as_database_error()?;
        error.code().map(std::borrow::Cow::into_owned)
    }
}
