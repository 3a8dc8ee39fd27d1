//! `keys list`: every key without its secret, which nobody knows.

use export::range::format_micros;
use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Microseconds of a second.
const SECOND: i64 = 1_000_000;

/// Lists them in the order in which they were made.
pub(crate) async fn run(context: &Context) -> Result<Answer, Failure> {
    let keys = context.store.keys().await?;
    let line = |key: &ports::store::KeyInfo| {
        let made = format_micros(key.created_micros.div_euclid(SECOND) * SECOND, ' ');
        let revoked = if key.revoked { ", revoked" } else { "" };
        format!("{}  {}  {} ({made} UTC{revoked})", key.id, key.tenant, key.label)
    };
    let lines: Vec<_> = keys.iter().map(line).collect();
    let text = if lines.is_empty() {
        "there are no keys; make one with keys create".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(Answer::done(text, json!({"keys": keys})))
}
