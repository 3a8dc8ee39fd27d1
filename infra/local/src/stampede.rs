//! `cargo x stampede`: the stampede of `tests/faults/stampede.rs` in full, over a PostgreSQL with few connections.

use std::process::ExitCode;

use anyhow::Result;

use crate::test::over;
use crate::up::{Plan, Sample, start};
use crate::venv::Venv;
use crate::{binaries, prerequisites, signals};

const NAME: &str = "stampede";
/// As a small database has.
const MAX_CONNECTIONS: u32 = 20;
/// Sessions at the source and at the store.
const BUDGET: u32 = 4;

/// Exit code 0 only if every promise held.
pub(crate) fn run() -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    binaries::build_all()?;
    let set = [("CacheSeconds", "1")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let plan = Plan {
        name: NAME,
        budget: BUDGET,
        store_sessions: BUDGET,
        max_connections: MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
    };
    let (guard, stack) = start(&plan, &venv)?;
    let status = over(&stack)?
        .args(["--workspace", "--test", "faults", "--", "stampede::", "--nocapture"])
        .env("SLUICE_STAMPEDE_FULL", "1")
        .status()?;
    drop(guard);
    signals::check()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
