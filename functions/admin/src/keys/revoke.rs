//! `keys revoke`: revokes a key.

use serde_json::json;

use super::id_of;
use crate::answer::Answer;
use crate::context::Context;
use crate::failure::Failure;

/// Revokes a key. A process of the api that has just verified it may accept it for five more seconds. Also accepts a
/// whole key, of which only the id is used.
pub(crate) async fn run(context: &Context, id: &str) -> Result<Answer, Failure> {
    let id = id_of(id);
    if context.store.revoke_key(id).await? {
        Ok(Answer::done(format!("key {id} is revoked; it stops working within 5 seconds"), json!({"id": id})))
    } else {
        Ok(Answer::refused("there is no valid key with this id; keys list shows the valid ones"))
    }
}
