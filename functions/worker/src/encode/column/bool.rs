//! `boolean`: `t` or `f`; `true` or `false` in JSON.

use crate::decode::Malformed;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match value {
        [0] => out.push(b'f'),
        [1] => out.push(b't'),
        _ => return Err(Malformed),
    }
    Ok(())
}

pub(super) fn json(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match value {
        [0] => out.extend_from_slice(b"false"),
        [1] => out.extend_from_slice(b"true"),
        _ => return Err(Malformed),
    }
    Ok(())
}
