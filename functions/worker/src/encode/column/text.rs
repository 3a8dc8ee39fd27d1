//! Text, enums, `json`, and all that was selected as text: as it is.

use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.extend_from_slice(value);
    Ok(())
}

/// Where the text is: all of the value.
pub(super) fn within(value: &[u8]) -> Result<&[u8], Malformed> {
    Ok(value)
}
