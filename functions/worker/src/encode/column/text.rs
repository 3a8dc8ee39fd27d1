//! Text, enums, `json`, and all that was selected as text: as it is.

use crate::decode::Malformed;

/// Where the text is: all of the value.
pub(super) fn within(value: &[u8]) -> Result<&[u8], Malformed> {
    Ok(value)
}
