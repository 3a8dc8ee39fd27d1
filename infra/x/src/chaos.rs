//! `cargo x chaos`: the chaos test of `tests/faults/chaos.rs` for any duration, on a dedicated stack.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::ChaosArgs;
use crate::postgres;
use crate::test::{self, PARAMETERS};
use crate::up::{Plan, Sample};

const NAME: &str = "chaos";
const STORE_SESSIONS: u32 = 4;

/// Runs the chaos test. Exit code 0 only if nothing was wrong at the end.
pub(crate) fn run(args: &ChaosArgs) -> Result<ExitCode> {
    let set = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let plan = Plan {
        name: NAME,
        budget: args.budget,
        store_sessions: STORE_SESSIONS,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
        cdn: false,
    };
    let secs = ("SLUICE_CHAOS_SECS", (args.minutes * 60).to_string());
    test::faults(&plan, "chaos::", &[secs, ("SLUICE_CHAOS_SEED", args.seed.to_string())])
}
