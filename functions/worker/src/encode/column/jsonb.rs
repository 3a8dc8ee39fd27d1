//! `jsonb`: a version, then text.

use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let [1, text @ ..] = value else { return Err(Malformed) };
    out.extend_from_slice(text);
    Ok(())
}
