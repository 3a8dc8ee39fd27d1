//! Diagnosis of a connection that broke in the middle of COPY.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;

use super::ask;
use crate::{SourceError, View, connect};

/// Maximum time for the diagnosis.
const EXPLAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Start and connection options of the session's transaction.
pub(super) struct Begun<'a> {
    at: Instant,
    options: &'a PgConnectOptions,
}

impl<'a> Begun<'a> {
    /// Records a transaction that begins now.
    pub(super) fn now(options: &'a PgConnectOptions) -> Self {
        Self { at: Instant::now(), options }
    }

    /// Determines why the connection broke in the middle of COPY. The driver waits for a server that has ended the
    /// session and then reports only the end of the stream, and a pooler reports only that it lost its server, so the
    /// server is queried.
    pub(super) async fn explained(&self, error: SourceError) -> SourceError {
        let lasted = self.at.elapsed();
        if !error.broke() {
            return error;
        }
        let limit_ms = tokio::time::timeout(EXPLAIN_TIMEOUT, transaction_timeout_ms(self.options)).await;
        match limit_ms.ok().flatten().filter(|limit_ms| *limit_ms > 0) {
            Some(limit_ms) if lasted.as_millis() + 100 >= u128::from(limit_ms) => {
                SourceError::transaction_timeout(limit_ms)
            }
            _ => error,
        }
    }
}

/// Returns `transaction_timeout` of a new session; `None` if there is none, as before PostgreSQL 17, or no session.
async fn transaction_timeout_ms(options: &PgConnectOptions) -> Option<u64> {
    let mut connection = connect(options, &View::Now, Duration::ZERO).await.ok()?;
    let sql = "select setting::bigint from pg_catalog.pg_settings where name = 'transaction_timeout'";
    let row = ask(&mut connection, sql.to_owned()).await;
    // An explicit close waits over TLS for a message from the server.
    drop(connection);
    row.ok()?.first().copied().flatten().and_then(|ms| u64::try_from(ms).ok())
}
