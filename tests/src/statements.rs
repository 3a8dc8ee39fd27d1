//! Statements received by a server, of one database or role, read from the server's log.

use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{Database, Stack, System};

/// Logs and counts statements.
#[derive(Debug)]
pub struct Statements {
    log: PathBuf,
    mark: String,
}

impl Statements {
    /// Logs all statements of sessions that begin from now on.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn of(database: &Database) -> Result<Self> {
        let name = database.url.split('?').next().and_then(|url| url.rsplit('/').next());
        let name = name.context("the URL names no database")?;
        database.run(&format!("alter database {name} set log_statement = 'all'")).await?;
        Ok(Self { log: Stack::from_env()?.postgres_log.into(), mark: format!("@{name} LOG:  ") })
    }

    /// Logs all statements of the stack's store, after its pooler has been restarted, and as long as the stack lives.
    ///
    /// # Errors
    /// If the server refuses.
    pub async fn of_store(system: &System) -> Result<Self> {
        system.run("alter role sluice_store set log_statement = 'all'").await?;
        system.x(&["restart", "pgbouncer"])?;
        Ok(Self {
            log: system.stack.postgres_log.clone().into(),
            mark: "sluice_store@shop LOG:  ".to_owned(),
        })
    }

    /// Returns the end of the log, from which statements are counted.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn now(&self) -> Result<u64> {
        Ok(std::fs::metadata(&self.log)?.len())
    }

    /// Returns the statements since then, each by its first line.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub fn since(&self, start: u64) -> Result<Vec<String>> {
        let mut file = std::fs::File::open(&self.log)?;
        file.seek(SeekFrom::Start(start))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        let messages =
            text.lines().filter_map(|line| line.split_once(&self.mark)).map(|(_, message)| message);
        // `statement: …` is the simple protocol, `execute <unnamed>: …` the extended one.
        let statements = messages.filter(|s| s.starts_with("statement:") || s.starts_with("execute"));
        Ok(statements.filter_map(|s| s.split_once(": ")).map(|(_, statement)| statement.to_owned()).collect())
    }
}
