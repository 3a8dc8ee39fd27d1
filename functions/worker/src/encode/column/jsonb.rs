//! `jsonb`: a version byte, then text.

use crate::decode::Malformed;

/// Returns the text.
pub(super) fn within(value: &[u8]) -> Result<&[u8], Malformed> {
    let [1, text @ ..] = value else { return Err(Malformed) };
    Ok(text)
}
