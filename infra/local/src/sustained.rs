//! `cargo x sustained`: many chunks through the store by simulated workers, and one table of what each part cost.

use std::process::ExitCode;

use anyhow::Result;

use crate::test;

/// The test that works on them; it is left out of other runs.
const TEST: &str = "store::sustained::many_chunks";

/// Runs it over a stack of its own.
pub(crate) fn run(chunks: u64) -> Result<ExitCode> {
    let words = ["--test", "e2e", "--", "--ignored", "--nocapture", "--exact", TEST];
    test::run_told(&words.map(str::to_owned), &[("SLUICE_CHUNKS", chunks.to_string())])
}
