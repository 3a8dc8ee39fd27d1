//! Keys of tenants.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod rotate;

use export::duration;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::CommandOutput;

/// Default lifetime of a key.
pub(crate) const DEFAULT_LIFE: &str = "365d";

/// Maximum lifetime of a key, unless it has no expiry.
const MAX_LIFE_SECS: u64 = 3650 * 86_400;

/// Parses the lifetime of a key in seconds; `None` if it has no expiry. The error is written for the operator.
fn life(text: &str) -> Result<Option<u64>, String> {
    if text == "never" {
        return Ok(None);
    }
    let secs = duration::seconds(text).filter(|secs| (1..=MAX_LIFE_SECS).contains(secs));
    secs.map(Some).ok_or_else(|| {
        format!("expires: {text:?} is not a lifetime; use never, or a whole number and a unit: 12h, 90d, at most 3650d")
    })
}

/// Returns the id of a key, given the id or the whole key.
pub(crate) fn id_of(key: &str) -> &str {
    key.strip_prefix("slc_").and_then(|rest| rest.split('_').next()).unwrap_or(key)
}

/// `keys revoke`: revokes a key. A process of the api that has just verified it may accept it for five more seconds. Also accepts a
/// whole key, of which only the id is used.
pub(crate) async fn revoke(context: &Context, id: &str) -> Result<CommandOutput, Failure> {
    let id = id_of(id);
    if context.store.revoke_key(id).await? {
        Ok(CommandOutput::done(
            format!("key {id} is revoked; it stops working within 5 seconds"),
            json!({"id": id}),
        ))
    } else {
        Ok(CommandOutput::refused(
            "there is no active key with this id; list all keys with `sluice admin keys list`",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_lifetime_is_a_number_with_unit_or_never() {
        assert_eq!((life("90d"), life("never")), (Ok(Some(90 * 86_400)), Ok(None)));
        assert_eq!(life(DEFAULT_LIFE), Ok(Some(365 * 86_400)));
        for bad in ["", "0d", "90", "-1d", "3651d", "soon", "Never"] {
            assert!(life(bad).is_err(), "{bad}");
        }
    }
}
