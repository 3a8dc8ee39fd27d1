//! Switches of the operator. `pause` starts no new chunks, while running ones continue; `resume` starts chunks again.
//! `checks off` reads rows that were read before again without a check; `checks on` checks them first.

use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Pauses. Safe to run twice.
pub(crate) async fn pause(context: &Context) -> Result<CommandOutput, Failure> {
    let text = if context.store.pause().await? {
        "paused: no new chunk starts until `sluice admin resume`; deadlines are suspended"
    } else {
        "already paused"
    };
    Ok(CommandOutput::done(text, json!({"paused": true})))
}

/// Resumes, and moves deadlines by the duration of the pause. Safe to run twice.
pub(crate) async fn resume(context: &Context) -> Result<CommandOutput, Failure> {
    let text =
        if context.store.resume().await? { "resumed: chunks start within a minute" } else { "not paused" };
    Ok(CommandOutput::done(text, json!({"paused": false})))
}

/// Turns checks on or off for all tenants, for chunks that start from now on. Safe to run twice.
pub(crate) async fn turn_checks(context: &Context, on: bool) -> Result<CommandOutput, Failure> {
    let changed = context.store.turn_checks(on).await?;
    let text = match (on, changed) {
        (true, true) => {
            "checks are on: exports that are accepted from now on read rows again only if they may have changed"
        }
        (false, true) => "checks are off: chunks that start from now on read all rows that are not settled",
        (true, false) => "checks are already on",
        (false, false) => "checks are already off",
    };
    Ok(CommandOutput::done(text, json!({"checks": on})))
}
