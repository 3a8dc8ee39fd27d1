//! `pause` starts no new chunks, while running ones continue; `resume` starts chunks again.

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
