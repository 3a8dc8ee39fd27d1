//! Transactions of the store: statements, and the end of each, also if its request was ended.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Executor, Postgres};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::super::error::StoreError;
use super::{AsStoreError, Kept};
use ports::fault::{Fault, Faults};

/// Maximum time for the rollback of a transaction that was dropped. A server that does not respond is not waited for.
const ROLLBACK_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum time for one statement: the role's `statement_timeout` plus the network. Without it, a host that vanished
/// would be waited for until TCP gives up, which is longer than a function lives.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(35);

/// Rollbacks of dropped transactions that have not ended.
pub(super) type Rollbacks = Arc<Mutex<Vec<JoinHandle<()>>>>;

/// Runs one statement for at most [`STATEMENT_TIMEOUT`]. After a timeout its transaction is unusable.
async fn in_time<T>(statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    let answer = tokio::time::timeout(STATEMENT_TIMEOUT, statement).await;
    Ok(answer.map_err(|e| StoreError::Busy(e.into()))??)
}

/// A transaction. If it is dropped without commit, because its request was ended, it is rolled back in the background.
/// A closed connection would make the pooler open another session while the server still ends the first one, and with
/// all sessions of the role in use the server would refuse it.
pub(in super::super) struct Tx {
    connection: Option<PgConnection>,
    home: Arc<Mutex<Option<Kept>>>,
    rollbacks: Rollbacks,
    faults: Faults,
}

/// A statement with its parameters.
pub(in super::super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Builds an unnamed statement, as a transaction-mode pooler requires.
pub(in super::super) fn sql(text: &'static str) -> Statement<'static> {
    sqlx::query(text).persistent(false)
}

impl Tx {
    pub(super) fn new(
        connection: PgConnection,
        home: Arc<Mutex<Option<Kept>>>,
        rollbacks: Rollbacks,
        faults: Faults,
    ) -> Self {
        Self { connection: Some(connection), home, rollbacks, faults }
    }

    fn open(&mut self) -> Result<&mut PgConnection, StoreError> {
        self.connection.as_mut().ok_or_else(|| StoreError::Busy("the connection is gone".into()))
    }

    pub(in super::super) async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<PgRow>, StoreError> {
        in_time(statement.fetch_all(self.open()?)).await
    }

    pub(in super::super) async fn optional(
        &mut self,
        statement: Statement<'_>,
    ) -> Result<Option<PgRow>, StoreError> {
        in_time(statement.fetch_optional(self.open()?)).await
    }

    pub(in super::super) async fn one(&mut self, statement: Statement<'_>) -> Result<PgRow, StoreError> {
        in_time(statement.fetch_one(self.open()?)).await
    }

    /// Runs a statement and returns the number of rows it changed.
    pub(in super::super) async fn run(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        Ok(in_time(statement.execute(self.open()?)).await?.rows_affected())
    }

    pub(in super::super) async fn commit(mut self) -> Result<(), StoreError> {
        self.end("commit").await?;
        if self.faults.strikes(Fault::StoreLoseAnswer) {
            return Err(StoreError::Busy("injected: the connection broke after the commit".into()));
        }
        Ok(())
    }

    pub(in super::super) async fn rollback(mut self) -> Result<(), StoreError> {
        self.end("rollback").await
    }

    /// Rolls back because of `error` and keeps the connection, since dropping one costs a login at the server, and many
    /// operations may be refused. If the connection itself may have failed, it is dropped.
    pub(in super::super) async fn refuse(mut self, error: &impl AsStoreError) {
        let usable = match error.as_store_error() {
            None => true,
            Some(error) => matches!(error, StoreError::Taken(_) | StoreError::Conflict(_)),
        };
        if usable {
            let _ = self.rollback().await;
        } else {
            drop(self.connection.take());
        }
    }

    /// Releases all locks and begins a new transaction.
    pub(in super::super) async fn restart(&mut self) -> Result<(), StoreError> {
        let connection = self.open()?;
        in_time(connection.execute("rollback")).await?;
        in_time(connection.execute("begin")).await?;
        Ok(())
    }

    async fn end(&mut self, how: &'static str) -> Result<(), StoreError> {
        let mut connection =
            self.connection.take().ok_or_else(|| StoreError::Busy("the connection is gone".into()))?;
        in_time(connection.execute(how)).await?;
        *self.home.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept::new(connection));
        Ok(())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        let (Some(mut connection), Ok(runtime)) = (self.connection.take(), Handle::try_current()) else {
            return;
        };
        let home = self.home.clone();
        let rollback = runtime.spawn(async move {
            let rolled_back = tokio::time::timeout(ROLLBACK_TIMEOUT, connection.execute("rollback")).await;
            if matches!(rolled_back, Ok(Ok(_))) {
                *home.lock().unwrap_or_else(PoisonError::into_inner) = Some(Kept::new(connection));
            }
        });
        let mut rollbacks = self.rollbacks.lock().unwrap_or_else(PoisonError::into_inner);
        rollbacks.retain(|rollback| !rollback.is_finished());
        rollbacks.push(rollback);
    }
}
