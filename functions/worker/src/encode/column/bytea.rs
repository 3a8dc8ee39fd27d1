//! `bytea`: `\x` and two hexadecimal digits per byte.

use crate::decode::Malformed;

pub(super) const HEX: &[u8; 16] = b"0123456789abcdef";

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.reserve(2 + 2 * value.len());
    out.extend_from_slice(b"\\x");
    out.extend(value.iter().flat_map(|b| [HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]));
    Ok(())
}
