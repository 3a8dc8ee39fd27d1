//! `cargo x bench flood`: one tenant sends the worst requests over six connections while the effect on another tenant
//! is measured.

use std::process::ExitCode;

use anyhow::Result;

use crate::commands::test;
use crate::stack::postgres;
use crate::stack::start::{Sample, StackSpec};

/// Sessions at the source. On AWS each worker has processors of its own, so the budget is what two tenants share. Two
/// workers leave this machine's processors to the api, as there.
const BUDGET: u32 = 2;
/// Sessions at the store. This is the template's default.
const STORE_SESSIONS: u32 = 4;

/// Runs the flood of `tests/faults/flood.rs` for a long time on a dedicated stack.
pub(super) fn run() -> Result<ExitCode> {
    // No rate limit: as many requests as six connections can send.
    let set = [("TenantRequestsPerSecond".to_owned(), "0".to_owned())];
    let spec = StackSpec {
        name: "flood",
        budget: BUDGET,
        store_sessions: STORE_SESSIONS,
        max_connections: postgres::MAX_CONNECTIONS,
        set: &set,
        sample: Sample::None,
        cdn: false,
        pooler: true,
        worker_niceness: 10,
    };
    test::faults(&spec, "flood::", &[("SLUICE_FLOOD_FULL", "1".to_owned())])
}
