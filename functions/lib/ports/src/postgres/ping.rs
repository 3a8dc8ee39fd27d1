//! Check that a database server responds, within seconds, before any check that waits for a session.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::postgres::login::Login;

/// Maximum time for name resolution, connection, TLS and login together.
const PING_TIMEOUT: Duration = Duration::from_secs(4);

/// Reason why a ping failed.
#[derive(Debug, thiserror::Error)]
pub enum PingError {
    /// The server did not respond in time.
    #[error("no response from {0} within {secs} s", secs = PING_TIMEOUT.as_secs())]
    TimedOut(String),
    /// There is no route to it, or it does not match the URL.
    #[error("connecting to {0} failed")]
    Failed(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Logs in and disconnects. A server that refuses the login has responded.
///
/// # Errors
/// If the server does not respond within 4 s, or cannot be connected to.
pub async fn ping(options: &PgConnectOptions, login: &Login) -> Result<(), PingError> {
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let login_and_close = async {
        let options = login.prepare(options).await?;
        match options.connect().await {
            Ok(connection) => drop(connection.close().await),
            Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    match tokio::time::timeout(PING_TIMEOUT, login_and_close).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(PingError::Failed(server, error)),
        Err(_) => Err(PingError::TimedOut(server)),
    }
}
