//! Types of one byte: `boolean` and `"char"`.

use super::{exactly, json};
use crate::decode::Malformed;

/// Writes a boolean as `t` or `f`.
pub(super) fn bool_text(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match value {
        [0] => out.push(b'f'),
        [1] => out.push(b't'),
        _ => return Err(Malformed),
    }
    Ok(())
}

/// Writes a boolean as `true` or `false`.
pub(super) fn bool_json(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match value {
        [0] => out.extend_from_slice(b"false"),
        [1] => out.extend_from_slice(b"true"),
        _ => return Err(Malformed),
    }
    Ok(())
}

/// Writes a `"char"`: empty for zero, an octal escape if the byte alone is not a valid character.
pub(super) fn char_text(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (text, length) = text(value)?;
    out.extend_from_slice(&text[..length]);
    Ok(())
}

/// Writes a `"char"` as a string.
pub(super) fn char_json(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (text, length) = text(value)?;
    json::string(&text[..length], out)
}

/// Returns four bytes and the number of them that are used.
fn text(value: &[u8]) -> Result<([u8; 4], usize), Malformed> {
    let [byte] = exactly(value)?;
    Ok(match byte {
        0 => ([0; 4], 0),
        1..=0x7f => ([byte, 0, 0, 0], 1),
        _ => ([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)], 4),
    })
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn chars_are_written_like_postgresql() {
        assert_eq!(written(char_text, b"a"), "a");
        assert_eq!(written(char_text, b"\0"), "");
        assert_eq!(written(char_text, b"\xe9"), "\\351");
        assert_eq!(written(char_json, b"\""), r#""\"""#);
        assert_eq!(written(char_json, b"\0"), r#""""#);
        assert_eq!(written(char_json, b"\x80"), r#""\\200""#);
    }
}
