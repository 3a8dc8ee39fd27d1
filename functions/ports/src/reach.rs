//! Whether a database server answers at all, within seconds: asked before anybody waits for one of its sessions.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::login::Login;

/// How long name, connection, TLS and login may take together.
const PATIENCE: Duration = Duration::from_secs(4);

/// A server that cannot be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum Unreached {
    /// It said nothing in time.
    #[error("no answer from {0} within {secs} s", secs = PATIENCE.as_secs())]
    Silent(String),
    /// There is no way to it, or it is not what the URL says.
    #[error("{0} cannot be used")]
    Failed(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Logs in and leaves. A server that refuses the login has answered.
pub(crate) async fn reach(options: &PgConnectOptions, login: Login) -> Result<(), Unreached> {
    let server = format!("{}:{}", options.get_host(), options.get_port());
    let visit = async {
        let options = login.prepare(options).await?;
        match options.connect().await {
            Ok(connection) => drop(connection.close().await),
            Err(sqlx::Error::Database(_)) => {}
            Err(error) => return Err(error.into()),
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    match tokio::time::timeout(PATIENCE, visit).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Unreached::Failed(server, error)),
        Err(_) => Err(Unreached::Silent(server)),
    }
}
