//! `cargo x soak sustained`: many chunks processed by simulated workers, and one table with the cost of each part in
//! the store.

use std::process::ExitCode;

use anyhow::Result;

use crate::commands::test;

/// The test that processes the chunks. Other runs omit it.
const TEST: &str = "store::sustained::many_chunks";

/// Runs it on a dedicated stack.
pub(crate) fn run(chunks: u64) -> Result<ExitCode> {
    let words = ["--test", "e2e", "--", "--ignored", "--nocapture", "--exact", TEST];
    test::run_told(&words.map(str::to_owned), &[("SLUICE_CHUNKS", chunks.to_string())])
}
