//! Why a command could not do its work.

use ports::telemetry::chain;

use ports::source::SourceError;
use ports::store::StoreError;

use crate::credentials::NoCredentials;

/// A failure, told to the operator with its causes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The source.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// A URL of the environment.
    #[error("{variable}: {cause}")]
    Url {
        /// Which.
        variable: &'static str,
        /// What is wrong with it.
        cause: NoCredentials,
    },
    /// The command asks for something that cannot be.
    #[error("{0}")]
    Refused(String),
}

impl Failure {
    /// What happened, with its causes.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Store(error) => chain(error),
            // The server's own words are in the message already.
            Self::Source(error) if error.sqlstate.is_some() => error.to_string(),
            Self::Source(error) => chain(error),
            other => other.to_string(),
        }
    }
}
