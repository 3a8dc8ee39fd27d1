//! A database for a single test, on the stack's server, with an empty store in it.

use anyhow::{Context, Result};
use ports::postgres::login::Login;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::Stack;

/// A database that only one test uses.
#[derive(Debug)]
pub struct Database {
    /// Direct URL, as the owner.
    pub url: String,
}

impl Database {
    /// Creates it with a migrated store; `settings` are rows of `sluice.setting`. Without `max_chunks_per_minute` among
    /// them, a tenant may store any number of chunks.
    ///
    /// # Errors
    /// If the stack's server cannot be reached.
    pub async fn create(settings: &[(&str, &str)]) -> Result<Self> {
        let owner = Stack::from_env()?.owner_url;
        let name = format!("t_{}", export::id::hex(&ports::random::bytes::<6>()));
        let mut connection =
            PgConnection::connect(&owner).await.context("the stack's PostgreSQL cannot be reached")?;
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await?;
        connection.close().await?;
        let base = owner
            .split('?')
            .next()
            .unwrap_or_default()
            .rsplit_once('/')
            .context("the owner's URL names no database")?
            .0;
        let query = owner.split_once('?').map(|(_, q)| format!("?{q}")).unwrap_or_default();
        let url = format!("{base}/{name}{query}");
        let unlimited = [("max_chunks_per_minute", "0")];
        let limited = settings.iter().any(|(name, _)| *name == unlimited[0].0);
        let rows: Vec<_> = settings
            .iter()
            .chain(if limited { [].iter() } else { unlimited.iter() })
            .map(|(k, v)| format!("insert into sluice.setting values ('{k}', '{v}')"))
            .collect();
        store::migrate(&url, &Login::Password, &rows).await?;
        Ok(Self { url })
    }

    /// Runs statements as the owner.
    ///
    /// # Errors
    /// The server's.
    pub async fn run(&self, statements: &str) -> Result<()> {
        let mut connection = self.connect().await?;
        connection.execute(AssertSqlSafe(statements.to_owned())).await?;
        connection.close().await?;
        Ok(())
    }

    /// Forgets the statements of this database that were counted so far; others go on counting theirs.
    ///
    /// # Errors
    /// The server's.
    pub async fn reset_statements(&self) -> Result<()> {
        let mine = "(select oid from pg_database where datname = current_database())";
        self.run(&format!("select pg_stat_statements_reset(0, {mine}, 0)")).await
    }

    /// Returns the single number of a query's result.
    ///
    /// # Errors
    /// The server's.
    pub async fn number(&self, query: &str) -> Result<i64> {
        let mut connection = self.connect().await?;
        let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(number)
    }

    /// Returns the single text of a query's result.
    ///
    /// # Errors
    /// The server's.
    pub async fn text(&self, query: &str) -> Result<String> {
        let mut connection = self.connect().await?;
        let text = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(text)
    }

    /// Opens a session of the owner, for example to hold a lock.
    ///
    /// # Errors
    /// The server's.
    pub async fn connect(&self) -> Result<PgConnection> {
        let options: PgConnectOptions = self.url.parse()?;
        Ok(PgConnection::connect_with(&options).await?)
    }
}
