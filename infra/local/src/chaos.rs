//! `cargo x chaos`: the chaos of `tests/faults/chaos.rs`, for as long as one likes, on a stack of its own.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::ChaosArgs;
use crate::test::{PARAMETERS, over};
use crate::up::{Plan, Sample, start};
use crate::venv::Venv;
use crate::{binaries, postgres, prerequisites, signals};

const NAME: &str = "chaos";
const STORE_SESSIONS: u32 = 4;

/// Exit code 0 only if nothing was wrong in the end.
pub(crate) fn run(args: &ChaosArgs) -> Result<ExitCode> {
    let venv = Venv::stack()?;
    prerequisites::pgbouncer()?;
    prerequisites::install_redis();
    binaries::build_all()?;
    let set = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let plan = Plan {
        name: NAME,
        budget: args.budget,
        store_sessions: STORE_SESSIONS,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
    };
    let (guard, stack) = start(&plan, &venv)?;
    let status = over(&stack)?
        .args(["--workspace", "--test", "faults", "--", "chaos::", "--nocapture"])
        .env("SLUICE_CHAOS_SECS", (args.minutes * 60).to_string())
        .env("SLUICE_CHAOS_SEED", args.seed.to_string())
        .status()?;
    drop(guard);
    signals::check()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
