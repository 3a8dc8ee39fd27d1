//! `resume`: starts chunks again and moves deadlines by the duration of the pause.

use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Resumes. Safe to run twice.
pub(crate) async fn run(context: &Context) -> Result<Answer, Failure> {
    let text = if context.store.resume().await? {
        "resumed: chunks start at the sweeper's next run"
    } else {
        "not paused"
    };
    Ok(Answer::done(text, json!({"paused": false})))
}
