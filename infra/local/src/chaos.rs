//! `cargo x chaos`: the chaos of `tests/faults/chaos.rs`, for as long as one likes, on a stack of its own.

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::ChaosArgs;
use crate::postgres;
use crate::test::{self, PARAMETERS};
use crate::up::{Plan, Sample};

const NAME: &str = "chaos";
const STORE_SESSIONS: u32 = 4;

/// Exit code 0 only if nothing was wrong in the end.
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
