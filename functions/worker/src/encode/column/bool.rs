//! `boolean`: `t` or `f`.

use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match value {
        [0] => out.push(b'f'),
        [1] => out.push(b't'),
        _ => return Err(Malformed),
    }
    Ok(())
}
