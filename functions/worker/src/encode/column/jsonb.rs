//! `jsonb`: a version, then text.

use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.extend_from_slice(within(value)?);
    Ok(())
}

/// Where the text is.
pub(super) fn within(value: &[u8]) -> Result<&[u8], Malformed> {
    let [1, text @ ..] = value else { return Err(Malformed) };
    Ok(text)
}
