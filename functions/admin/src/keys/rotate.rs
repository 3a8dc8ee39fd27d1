//! `keys rotate`: creates a new key in place of an old one, which keeps working for a while.

use export::duration;
use serde_json::json;

use super::{DEFAULT_LIFE, create, id_of, life};
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{CommandOutput, time};

/// Default time for which the old key keeps working.
const DEFAULT_OVERLAP: &str = "7d";

/// Maximum time for which the old key keeps working, in days.
const MAX_OVERLAP_DAYS: u64 = 90;

/// Creates a key with the tenant, label, datasets and rights of the key `id`, and lets the old key expire after the
/// overlap. The new one has the lifetime with which the old one was created, or that of `expires`.
pub(crate) async fn run(
    context: &Context,
    id: &str,
    overlap: Option<&str>,
    expires: Option<&str>,
) -> Result<CommandOutput, Failure> {
    let overlap = overlap.unwrap_or(DEFAULT_OVERLAP);
    let overlap_secs = overlap_secs(overlap, MAX_OVERLAP_DAYS).map_err(Failure::Refused)?;
    let wanted = expires.map(life).transpose().map_err(Failure::Refused)?;
    let default = life(DEFAULT_LIFE).map_err(Failure::Refused)?;
    let lives = |lived: Option<u64>| wanted.unwrap_or(lived.or(default));
    let old = id_of(id);
    let Some(rotated) = context.store.rotate_key(old, overlap_secs, lives).await? else {
        return Ok(CommandOutput::refused(
            "there is no active key with this id; list all keys with `sluice admin keys list`",
        ));
    };
    let new = &rotated.new;
    let life = new.expires_secs.map(duration::text);
    let text = format!(
        "{}\nAPI key of tenant {}, in place of {old}, {}. Store it now: it is not shown again.\nkey {old} works until {}",
        rotated.key,
        new.tenant,
        create::words(&new.access, life.as_deref()),
        time(rotated.old_ends_micros)
    );
    let data = json!({
        "key": rotated.key, "id": id_of(&rotated.key), "tenant": new.tenant, "label": new.label,
        "datasets": new.access.datasets, "readOnly": !new.access.writes, "expiresInSeconds": new.expires_secs,
        "replaces": old, "replacedEndsMicros": rotated.old_ends_micros,
    });
    Ok(CommandOutput::done(text, data))
}

/// Parses the time for which what is replaced remains valid. The error is written for the operator.
pub(crate) fn overlap_secs(text: &str, max_days: u64) -> Result<u64, String> {
    let secs = duration::seconds(text).filter(|secs| *secs <= max_days * 86_400);
    secs.ok_or_else(|| {
        format!(
            "overlap: {text:?} is not a duration; use a whole number and a unit: 0h, 12h, 7d, at most {max_days}d"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_may_be_zero_but_not_unlimited() {
        assert_eq!(
            (overlap_secs("0h", MAX_OVERLAP_DAYS), overlap_secs(DEFAULT_OVERLAP, MAX_OVERLAP_DAYS)),
            (Ok(0), Ok(7 * 86_400))
        );
        for bad in ["", "never", "91d", "7"] {
            assert!(overlap_secs(bad, MAX_OVERLAP_DAYS).is_err(), "{bad}");
        }
    }
}
