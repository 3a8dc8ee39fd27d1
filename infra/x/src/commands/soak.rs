//! `cargo x soak`: long runs under load or with injected failures, each on a dedicated stack.

mod chaos;
mod stampede;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::commands::test;

/// The test of `sustained`. Other runs omit it.
const SUSTAINED: &str = "store::sustained::many_chunks";

/// Commands of `cargo x soak`. Each is also a command of its own.
#[derive(Subcommand)]
pub(crate) enum Soak {
    /// Inject failures and restarts under load, then verify every row, object and lease.
    Chaos(chaos::ChaosArgs),
    /// Send two hundred bulk requests at once to a PostgreSQL with 20 connections, and compare with a naive client.
    Stampede,
    /// Process many chunks with simulated workers and print the cost of each part in the store.
    Sustained {
        /// Number of chunks.
        #[arg(long, default_value_t = 100_000)]
        chunks: u64,
    },
}

/// Runs one of them.
pub(crate) fn run(command: &Soak) -> Result<ExitCode> {
    match command {
        Soak::Chaos(args) => chaos::run(args),
        Soak::Stampede => stampede::run(),
        Soak::Sustained { chunks } => sustained(*chunks),
    }
}

fn sustained(chunks: u64) -> Result<ExitCode> {
    let words = ["--test", "e2e", "--", "--ignored", "--nocapture", "--exact", SUSTAINED];
    test::run_with_variables(&words.map(str::to_owned), &[("SLUICE_CHUNKS", chunks.to_string())])
}
