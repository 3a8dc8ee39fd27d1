//! What PostgreSQL itself says a dataset holds.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::records::Records;
use super::split_header;

use crate::surroundings;

/// The settings that decide the bytes of CSV: those of the role that exports read with.
const SETTINGS: &str = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex \
    -c extra_float_digits=1 -c search_path=pg_catalog -c default_transaction_read_only=on";

/// The database and the program that asks it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// PostgreSQL's own client, of the server's version or newer.
    pub(crate) psql: PathBuf,
    /// The owner's URL of the database itself, not of a pooler: settings are given at the start of the session.
    pub(crate) url: String,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    /// The interpreter that has the pinned packages.
    pub(crate) python: PathBuf,
    /// The catalog the export was made under.
    pub(crate) catalog: PathBuf,
    /// Whose rows.
    pub(crate) tenant: String,
    /// First day, such as `2023-08-31`, in UTC.
    pub(crate) start: String,
    /// Last day, inclusive.
    pub(crate) end: String,
}

/// The SELECT of each dataset of the catalog, derived by `sample/oracle.py` and not by Sluice.
pub(crate) fn selects(database: &Database, oracle: &Oracle) -> Result<BTreeMap<String, String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample/oracle.py");
    let output = surroundings::command(&oracle.python)
        .arg(script)
        .args([
            "--url",
            &database.url,
            "--tenant",
            &oracle.tenant,
            "--start",
            &oracle.start,
            "--end",
            &oracle.end,
        ])
        .arg("--catalog")
        .arg(&oracle.catalog)
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {}", oracle.python.display()))?;
    ensure!(output.status.success(), "sample/oracle.py failed: {}", output.status);
    serde_json::from_slice(&output.stdout).context("sample/oracle.py printed no JSON")
}

impl Database {
    /// Hands on all records that `COPY (select) … CSV` writes, and returns the header.
    pub(super) fn copy(&self, select: &str, record: impl FnMut(&[u8])) -> Result<Vec<u8>> {
        // A line end of its own, because a query may end in a comment.
        let statement = format!("copy (\n{select}\n) to stdout (format csv, header)");
        let mut child = surroundings::command(&self.psql)
            .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url, "--command", &statement])
            // No variable of the developer's shell may decide what is written.
            .env_clear()
            .env("PGOPTIONS", SETTINGS)
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.psql.display()))?;
        let stdout = child.stdout.take().context("psql has no output")?;
        // Reading ends at the end of the stream or drops the pipe, upon which psql ends too.
        let header = split_header(Records::new(stdout), record);
        let mut message = String::new();
        if let Some(mut stderr) = child.stderr.take() {
            stderr.read_to_string(&mut message)?;
        }
        let status = child.wait()?;
        ensure!(status.success(), "psql failed ({status}): {}\n{statement}", message.trim());
        header
    }
}
