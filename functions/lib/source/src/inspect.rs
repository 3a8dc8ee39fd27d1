//! A session that inspects the source: existing relations, their types, planner estimates.
//!
//! It reads no rows of the user's tables, except where that is cheap: the first and last value of a range column, and
//! the size of a few rows.

use std::time::Duration;

use export::catalog::From;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, Row as _};

use super::explain::PlanNode;
use super::horizon::open_since_sql;
use super::{Source, SourceError, sql};
use ports::postgres::server::{QUERY, Server};

/// A session of the source role, through the pooler if there is one. If dropped, it closes its connection.
#[derive(Debug)]
pub struct Inspector {
    connection: PgConnection,
    /// Source of a new session if this one is ended.
    source: Source,
    patience: Duration,
    /// Set in each transaction; see [`Inspector::seek_in`].
    path: String,
}

impl Source {
    /// Opens an inspecting session; waits up to `patience` for one to become free.
    ///
    /// # Errors
    /// If the source cannot be reached, or has no free session in time.
    pub async fn inspector(&self, patience: Duration) -> Result<Inspector, SourceError> {
        let connection = self.connect(patience).await?;
        Ok(Inspector { connection, source: self.clone(), patience, path: String::new() })
    }
}

impl Inspector {
    /// Ensures that there is a session, after an error that may have ended it. Returns true if it had to be opened
    /// again.
    ///
    /// # Errors
    /// If the source has no free session.
    pub async fn recover(&mut self) -> Result<bool, SourceError> {
        if self.texts("select 1").await.is_ok() {
            return Ok(false);
        }
        self.connection = self.source.connect(self.patience).await?;
        Ok(true)
    }

    /// Sets the schemas in which names without a schema are looked up from now on, after `pg_catalog`.
    pub fn seek_in(&mut self, schemas: &[String]) {
        self.path = sql::set_path(schemas);
    }

    /// Runs one query in a read-only transaction of its own, so that a failure does not affect the next query.
    ///
    /// # Errors
    /// If the server refuses the query or is gone.
    pub async fn texts(&mut self, question: &str) -> Result<Vec<Vec<Option<String>>>, SourceError> {
        let rows = self.rows(question).await?;
        rows.iter().map(cells).collect::<Result<_, _>>().map_err(SourceError::classify)
    }

    /// Returns the planner's plan. Nothing is run.
    ///
    /// # Errors
    /// If the server refuses the query or is gone.
    pub async fn explain(&mut self, select: &str) -> Result<PlanNode, SourceError> {
        let rows = self.texts(&format!("explain (format json, verbose)\n{select}")).await?;
        let text = rows.first().and_then(|row| row.first()?.as_deref()).unwrap_or_default();
        PlanNode::parse(text).ok_or_else(|| SourceError::protocol("the output of EXPLAIN cannot be parsed"))
    }

    /// Returns names and types (OIDs as `pg_typeof` reports them) of the columns of a relation or query. Names that
    /// occur twice have no type, because they cannot be referred to.
    ///
    /// # Errors
    /// If the server refuses the query or is gone.
    pub async fn describe(&mut self, from: &From) -> Result<Vec<(String, Option<u32>)>, SourceError> {
        let empty =
            format!("(values (1)) v left join (select * from {} limit 0) q on true", from_clause(from));
        let rows = self.rows(&format!("select q.* from {empty}")).await?;
        let row = rows.first().ok_or_else(|| SourceError::protocol("the description has no row"))?;
        let names: Vec<String> = row.columns().iter().map(|column| column.name().to_owned()).collect();
        let unique: Vec<&String> =
            names.iter().filter(|name| names.iter().filter(|n| n == name).count() == 1).collect();
        if unique.is_empty() {
            return Ok(names.into_iter().map(|name| (name, None)).collect());
        }
        let types: Vec<String> = unique
            .iter()
            .map(|name| format!("pg_catalog.pg_typeof(q.{})::oid::bigint", sql::identifier(name)))
            .collect();
        let answer = self.texts(&format!("select {} from {empty}", types.join(", "))).await?;
        let oids = answer.first().map(Vec::as_slice).unwrap_or_default();
        let oid_of = |name: &String| {
            let at = unique.iter().position(|unique| *unique == name)?;
            oids.get(at)?.as_deref()?.parse().ok()
        };
        let typed = names.iter().map(|name| (name.clone(), oid_of(name)));
        Ok(typed.collect())
    }

    /// Returns a name of the database that is the same through every host: its name, and the identifier of its
    /// cluster if the role may read it. A physical standby has that of its primary.
    ///
    /// # Errors
    /// If the source cannot be reached.
    pub async fn source_name(&mut self) -> Result<String, SourceError> {
        let database = self.text("select current_database()").await?.unwrap_or_default();
        let cluster =
            match self.text("select system_identifier::text from pg_catalog.pg_control_system()").await {
                Ok(cluster) => cluster,
                Err(error) if error.sqlstate.as_deref().is_some_and(|state| state.starts_with("42")) => None,
                Err(error) => return Err(error),
            };
        Ok(cluster.map_or(database.clone(), |cluster| format!("{database}@{cluster}")))
    }

    /// Returns the server, as visible to the source role.
    ///
    /// # Errors
    /// If the source cannot be queried.
    pub async fn server(&mut self) -> Result<Server, SourceError> {
        let row = self.texts(QUERY).await?.into_iter().next();
        row.and_then(Server::read)
            .ok_or_else(|| SourceError::protocol("the description of the server is incomplete"))
    }

    /// Returns the time for which the oldest transaction of another session has been open; `None` if it cannot be
    /// determined.
    ///
    /// # Errors
    /// If the source cannot be queried.
    pub async fn open_since(&mut self) -> Result<Option<Duration>, SourceError> {
        let age = format!("select (extract(epoch from now() - ({})))::text", open_since_sql());
        let secs = self.text(&age).await?.and_then(|text| text.parse::<f64>().ok());
        Ok(secs.map(|secs| Duration::from_secs_f64(secs.max(0.0))))
    }

    /// Returns the value of a setting in this session.
    ///
    /// # Errors
    /// If the source cannot be queried.
    pub async fn setting(&mut self, name: &str) -> Result<Option<String>, SourceError> {
        self.text(&format!("select current_setting({}, true)", sql::literal(name))).await
    }

    /// Returns the first cell of the first row.
    ///
    /// # Errors
    /// If the server refuses the query or is gone.
    pub async fn text(&mut self, question: &str) -> Result<Option<String>, SourceError> {
        Ok(self.texts(question).await?.into_iter().next().and_then(|row| row.into_iter().next()).flatten())
    }

    /// Closes the session gracefully.
    pub async fn close(mut self) {
        // With a transaction open, a pooler would close the server's session too.
        let _ = self.connection.execute("rollback").await;
        let _ = self.connection.close().await;
    }

    /// Sends one message of the simple protocol: a pooler keeps the server session between its statements.
    async fn rows(&mut self, question: &str) -> Result<Vec<PgRow>, SourceError> {
        let path = &self.path;
        let message = format!("rollback; begin isolation level read committed read only;\n{path}{question}");
        let rows = self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(message.as_str()))).await;
        rows.map_err(|error| SourceError::classify(error).in_statement(&message))
    }
}

pub(super) fn cells(row: &PgRow) -> Result<Vec<Option<String>>, sqlx::Error> {
    let cell = |i: usize| {
        let value = row.try_get_raw(i)?;
        if sqlx::ValueRef::is_null(&value) {
            return Ok(None);
        }
        value.as_str().map(|text| Some(text.to_owned())).map_err(sqlx::Error::Decode)
    };
    (0..row.len()).map(cell).collect()
}

/// Returns the FROM item that is read, under the name `q`.
pub fn from_clause(from: &From) -> String {
    match from {
        From::Relation { schema, name } => format!("{}.{} q", sql::identifier(schema), sql::identifier(name)),
        // The line breaks end a comment on the query's last line.
        From::Query(query) => format!("(\n{query}\n) q"),
    }
}
