//! Failures of commands.

use export::id::InvalidId;
use ports::postgres::login::LoginError;
use ports::telemetry::chain;

use source::SourceError;
use store::StoreError;

use crate::credentials::NoCredentials;

/// Failure, reported to the operator with its causes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Error of the store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Error of the source.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// Invalid URL in a parameter of the template.
    #[error("{parameter}: {cause}")]
    Url {
        /// Name of the parameter.
        parameter: &'static str,
        /// Problem with the URL.
        cause: NoCredentials,
    },
    /// The password of a role, which is in a secret, cannot be read.
    #[error("{0}")]
    Password(#[source] LoginError),
    /// The command requests something that is not possible.
    #[error("{0}")]
    Refused(String),
}

impl From<InvalidId> for Failure {
    fn from(error: InvalidId) -> Self {
        Self::Refused(error.to_string())
    }
}

impl Failure {
    /// Returns the message with its causes.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Store(error) => chain(error),
            // The server's message is already included.
            Self::Source(error) if error.sqlstate.is_some() => error.to_string(),
            Self::Source(error) => chain(error),
            Self::Password(error) => chain(error),
            other => other.to_string(),
        }
    }
}
