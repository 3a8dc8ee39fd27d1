//! `keys revoke`: a key works no more.

use serde_json::json;

use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revokes it; the api may believe it for another half minute. Also takes a whole key, from which only
/// the id is used.
pub(crate) async fn run(context: &Context, id: &str) -> Result<Answer, Failure> {
    let id = id.strip_prefix("slc_").and_then(|key| key.split('_').next()).unwrap_or(id);
    if context.store.revoke_key(id).await? {
        Ok(Answer::done(format!("key {id} is revoked; it ends within 30 seconds"), json!({"id": id})))
    } else {
        Ok(Answer::refused("there is no such key that still works; keys list shows them"))
    }
}
