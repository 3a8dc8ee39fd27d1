//! `cargo x soak stampede`: the full stampede of `tests/faults/stampede.rs` on a PostgreSQL with few connections.

use std::process::ExitCode;

use anyhow::Result;

use crate::commands::test;
use crate::stack::start::{Sample, StackSpec};

const NAME: &str = "stampede";
/// Connection limit of a small database.
const MAX_CONNECTIONS: u32 = 20;
/// Sessions at the source and at the store.
const BUDGET: u32 = 4;

/// Runs the stampede. Exit code 0 only if every promise held.
pub(crate) fn run() -> Result<ExitCode> {
    let set = [("CacheSeconds".to_owned(), "1".to_owned())];
    let spec = StackSpec {
        name: NAME,
        budget: BUDGET,
        store_sessions: BUDGET,
        max_connections: MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
        cdn: false,
        pooler: true,
        worker_niceness: 0,
    };
    test::faults(&spec, "stampede::", &[("SLUICE_STAMPEDE_FULL", "1".to_owned())])
}
