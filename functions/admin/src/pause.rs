//! `pause`: starts no new chunks; running ones continue.

use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Pauses. Safe to run twice.
pub(crate) async fn run(context: &Context) -> Result<Answer, Failure> {
    let text = if context.store.pause().await? {
        "paused: no chunk starts until resume, and deadlines are suspended"
    } else {
        "already paused"
    };
    Ok(Answer::done(text, json!({"paused": true})))
}
