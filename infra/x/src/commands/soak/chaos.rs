//! `cargo x soak chaos`: the chaos test of `tests/faults/chaos.rs` for any duration, on a dedicated stack.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::commands::test::{self, PARAMETERS};
use crate::stack::postgres;
use crate::stack::start::{Sample, StackSpec};

const NAME: &str = "chaos";
const STORE_SESSIONS: u32 = 4;

/// Options of `cargo x soak chaos`.
#[derive(Args)]
pub(crate) struct ChaosArgs {
    /// Minutes of injected failures; the time for recovery and checks is limited too.
    #[arg(long, default_value_t = 10)]
    pub(crate) minutes: u64,
    /// Seed of the random failures; runs are reproducible only approximately.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Maximum number of sessions at the source, and of concurrent workers.
    #[arg(long, default_value_t = 3)]
    pub(crate) budget: u32,
}

/// Runs the chaos test. Exit code 0 only if nothing was wrong at the end.
pub(crate) fn run(args: &ChaosArgs) -> Result<ExitCode> {
    let set = PARAMETERS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let spec = StackSpec {
        name: NAME,
        budget: args.budget,
        store_sessions: STORE_SESSIONS,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
        cdn: false,
        pooler: true,
        worker_niceness: 0,
    };
    let secs = ("SLUICE_CHAOS_SECS", (args.minutes * 60).to_string());
    test::faults(&spec, "chaos::", &[secs, ("SLUICE_CHAOS_SEED", args.seed.to_string())])
}
