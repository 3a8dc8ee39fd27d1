//! `keys revoke`: a key works no more.

use serde_json::json;

use super::id_of;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revokes it; a process of the api that has just seen it may believe it for five seconds more. Also takes a whole key,
/// from which only the id is used.
pub(crate) async fn run(context: &Context, id: &str) -> Result<Answer, Failure> {
    let id = id_of(id);
    if context.store.revoke_key(id).await? {
        Ok(Answer::done(format!("key {id} is revoked; it ends within 5 seconds"), json!({"id": id})))
    } else {
        Ok(Answer::refused("there is no such key that still works; keys list shows them"))
    }
}
