//! A stack of `cargo x test`, ready for tests.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{PARAMETERS, over};
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, prerequisites, process, signals};
use crate::stack::start::{Sample, StackSpec, start};
use crate::stack::state::{Guard, Stack};
use crate::stack::{pgbouncer, postgres, postgres15};

const BUDGET: u32 = 3;
const STORE_SESSIONS: u32 = 4;
/// Scale of the sample's tables. Only the catalog test uses them, and it needs their shapes but hardly a row.
const SCALE: f64 = 0.001;

/// A running stack, and a PostgreSQL 15 to compare with. Both stop when this is dropped.
pub(super) struct TestStack {
    _guard: Guard,
    pub(super) stack: Stack,
    /// URL of PostgreSQL 15, if it is installed.
    older: Option<String>,
    /// Programs of the tests, by the variable that names each.
    programs: Vec<(&'static str, PathBuf)>,
}

impl TestStack {
    /// Starts a stack of this name, whose server logs all statements of both roles.
    pub(super) fn start(name: &str, venv: &Venv) -> Result<Self> {
        let set = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let spec = StackSpec {
            name,
            budget: BUDGET,
            store_sessions: STORE_SESSIONS,
            max_connections: postgres::MAX_CONNECTIONS,
            set: &set,
            sample: Sample::Tables(SCALE),
            cdn: false,
            pooler: true,
            worker_niceness: 0,
        };
        let (guard, mut stack) = start(&spec, venv)?;
        listen(&mut stack, venv)?;
        let older = postgres15::start(&mut stack)?;
        let mut programs = vec![
            ("SLUICE_PARQUET_PYTHON", Venv::parquet()?.python()),
            ("SLUICE_DOCS_PYTHON", Venv::docs()?.python()),
            ("SLUICE_PAGE_PYTHON", Venv::page()?.python()),
            ("SLUICE_SCHEMATHESIS", Venv::schemathesis()?.program("schemathesis")),
        ];
        programs.extend(prerequisites::installed_chromium().map(|program| ("SLUICE_CHROMIUM", program)));
        signals::check()?;
        Ok(Self { _guard: guard, stack, older, programs })
    }

    /// Returns a `cargo test` command for this stack.
    pub(super) fn cargo(&self) -> Result<Command> {
        let mut cargo = over(&self.stack)?;
        cargo
            .arg("--no-fail-fast")
            .envs(self.older.iter().map(|url| ("SLUICE_POSTGRES_15", url)))
            .envs(self.programs.iter().map(|(name, path)| (name, path)));
        Ok(cargo)
    }
}

/// Makes the server log the statements of both roles. The test `guard` checks the statements that all other tests
/// caused.
fn listen(stack: &mut Stack, venv: &Venv) -> Result<()> {
    let mut script = environment::command(venv.python());
    script.arg(paths::script("emulator/log_statements.py")).env("SLUICE_OWNER_URL", &stack.owner_url);
    process::run(&mut script, "see the messages above")?;
    // Settings of a role apply only to sessions that begin after the change.
    pgbouncer::restart(stack)
}
