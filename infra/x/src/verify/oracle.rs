//! PostgreSQL's own output for a dataset.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};

use super::records::Records;
use super::split_header;

use crate::machine::{environment, paths};

/// Settings that decide the bytes of CSV. They equal those of the role that exports read with.
const SETTINGS: &str = "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex \
    -c extra_float_digits=1 -c search_path=pg_catalog -c default_transaction_read_only=on";

/// The database and the client program that queries it.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// `psql`, of the server's version or newer.
    pub(crate) psql: PathBuf,
    /// The owner's URL of the database itself, not of a pooler, because settings are passed at the start of the
    /// session.
    pub(crate) url: String,
}

/// The exported selection.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    /// Python interpreter with the pinned packages.
    pub(crate) python: PathBuf,
    /// Catalog under which the export was made.
    pub(crate) catalog: PathBuf,
    /// Tenant of the rows.
    pub(crate) tenant: String,
    /// First day, such as `2023-08-31`, in UTC.
    pub(crate) start: String,
    /// Last day, inclusive.
    pub(crate) end: String,
}

/// Returns the SELECT of each dataset of the catalog, derived by `infra/sample/oracle.py` and not by Sluice.
pub(crate) fn selects(database: &Database, oracle: &Oracle) -> Result<BTreeMap<String, String>> {
    let script = paths::script("sample/oracle.py");
    let output = environment::command(&oracle.python)
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
    /// Passes on all records that `COPY (select) … CSV` writes, and returns the header.
    pub(super) fn copy(&self, select: &str, record: impl FnMut(&[u8])) -> Result<Vec<u8>> {
        // On its own lines, because a query may end in a comment.
        let statement = format!("copy (\n{select}\n) to stdout (format csv, header)");
        let mut child = environment::command(&self.psql)
            .args(["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"])
            .args(["--dbname", &self.url, "--command", &statement])
            // Variables of the developer's shell must not affect the output.
            .env_clear()
            .env("PGOPTIONS", SETTINGS)
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.psql.display()))?;
        let stdout = child.stdout.take().context("psql has no output")?;
        // Reading ends at the end of the stream or drops the pipe, which ends psql too.
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
