//! Keeper of a snapshot: a session that locks relations, exports a snapshot and stays, so that other sessions can
//! import it.
//!
//! The relations are locked before the snapshot is taken. A snapshot that is older than the lock may show a relation
//! that was rewritten or truncated in between as empty. Until the last lock is released none of them can be rewritten,
//! truncated, dropped or attached as a partition.

use std::time::Duration;

use export::selection::Selection;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::held::{HELD_SQL, Held, read_held};
use super::horizon::open_since_sql;
use super::session::{Described, texts};
use super::{Source, SourceError, View, sql};

/// Maximum time for a statement that only shows that the session lives.
const STAY_TIMEOUT: Duration = Duration::from_secs(10);

/// Maximum wait for a graceful end.
const END_TIMEOUT: Duration = Duration::from_secs(1);

/// State of the source just before a snapshot was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Its time: the snapshot is not older.
    pub described: Described,
    /// Position of the write-ahead log; `None` on Aurora.
    pub lsn: Option<String>,
}

/// Session that holds a snapshot. If dropped, it closes its connection, which ends the snapshot.
#[derive(Debug)]
pub struct Keeper {
    connection: PgConnection,
}

impl Source {
    /// Opens a session for a new snapshot; waits up to `patience` for a free one.
    ///
    /// # Errors
    /// If the source cannot be reached, or has no free session in time.
    pub async fn keeper(&self, patience: Duration) -> Result<Keeper, SourceError> {
        Ok(Keeper { connection: self.connect_at(&View::Now, patience).await? })
    }

    /// Opens a session that takes over a snapshot from the session that exports it.
    ///
    /// # Errors
    /// As [`Source::keeper`], and [`SnapshotGone`](crate::SourceCode::SnapshotGone) if that session has ended.
    pub async fn successor(&self, snapshot: &str, patience: Duration) -> Result<Keeper, SourceError> {
        let view = View::Exported(snapshot.to_owned());
        Ok(Keeper { connection: self.connect_at(&view, patience).await? })
    }
}

impl Keeper {
    /// Locks the relations of a selection: its table with all partitions, or everything that a view or query reads.
    ///
    /// A selection that cannot be described for a reason of its own, such as a missing privilege, locks nothing, and
    /// its chunks fail for the same reason. Returns that reason.
    ///
    /// # Errors
    /// If the session was ended, or if a retry may help: another session holds a lock, for example.
    pub async fn lock(&mut self, selection: &Selection) -> Result<Option<SourceError>, SourceError> {
        // Without schemas of its own it must not be read with those of the selection before it.
        let path = if selection.search_path.is_empty() { "set local search_path to default;\n" } else { "" };
        let describe = sql::describe_sql(selection);
        let message = format!("savepoint selection;\n{path}{describe};\nrelease savepoint selection");
        let described = self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(message.as_str()))).await;
        let Err(error) = described.map_err(SourceError::classify) else { return Ok(None) };
        if error.code.signal().is_some() || error.code.is_retryable() {
            return Err(error);
        }
        self.run("rollback to savepoint selection; release savepoint selection").await?;
        Ok(Some(error))
    }

    /// Returns time, horizon and position of the source, which the next snapshot is no older than.
    ///
    /// # Errors
    /// If the session was ended.
    pub async fn departure(&mut self) -> Result<Departure, SourceError> {
        let row = self.texts(&departure_sql()).await?;
        let [standby, now, replayed, open_since, lsn] = &row[..] else {
            return Err(SourceError::protocol("the result of the query for the time has an unexpected form"));
        };
        let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
        let now = number(now).ok_or_else(|| SourceError::protocol("the source returned no time"))?;
        let is_primary = standby.as_deref() == Some("false");
        let described = Described::new(is_primary, now, number(replayed), number(open_since));
        Ok(Departure { described, lsn: lsn.clone() })
    }

    /// Exports the snapshot. Returns its identifier and the relations that this session has locked.
    ///
    /// # Errors
    /// If the session was ended.
    pub async fn export(&mut self) -> Result<(String, Held), SourceError> {
        let held = read_held(&self.texts(HELD_SQL).await?)?;
        let row = self.texts("select pg_catalog.pg_export_snapshot()").await?;
        let snapshot = row.into_iter().next().flatten();
        Ok((snapshot.ok_or_else(|| SourceError::protocol("the source exported no snapshot"))?, held))
    }

    /// Sends a statement, so that neither server nor pooler ends the session because it is idle.
    ///
    /// # Errors
    /// If the session was ended: the snapshot is lost.
    pub async fn stay(&mut self) -> Result<(), SourceError> {
        let stayed = tokio::time::timeout(STAY_TIMEOUT, self.run("select 1")).await;
        stayed.map_err(|_| SourceError::silent())?
    }

    /// Ends the session, and with it the snapshot.
    pub async fn end(mut self) {
        let end = async {
            let _ = self.connection.execute("rollback").await;
            let _ = self.connection.close().await;
        };
        let _ = tokio::time::timeout(END_TIMEOUT, end).await;
    }

    async fn run(&mut self, statements: &'static str) -> Result<(), SourceError> {
        let done = sqlx::raw_sql(statements).execute(&mut self.connection).await;
        done.map(drop).map_err(SourceError::classify)
    }

    async fn texts(&mut self, query: &str) -> Result<Vec<Option<String>>, SourceError> {
        texts(&mut self.connection, query.to_owned()).await
    }
}

/// Times are those of the statement: the transaction may have waited for locks. Readers of Aurora have no log of their
/// own.
fn departure_sql() -> String {
    format!(
        "select pg_catalog.pg_is_in_recovery()::pg_catalog.text, {}, {}, {},
    case when pg_catalog.to_regproc('aurora_version') is not null then null
         when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_last_wal_replay_lsn()
         else pg_catalog.pg_current_wal_lsn() end::pg_catalog.text",
        sql::micros("pg_catalog.statement_timestamp()"),
        sql::micros(sql::REPLAYED),
        sql::micros(&open_since_sql())
    )
}
