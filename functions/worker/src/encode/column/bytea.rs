//! `bytea`: `\x` and two hexadecimal digits per byte.

use crate::decode::Malformed;

/// Table of the pairs `00` to `ff`.
pub(super) const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut n = 0;
    while n < 256 {
        pairs[n] = [DIGITS[n >> 4], DIGITS[n & 15]];
        n += 1;
    }
    pairs
};

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.extend_from_slice(b"\\x");
    hex(value, out);
    Ok(())
}

/// Writes the JSON string; the backslash is escaped.
pub(super) fn json(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.extend_from_slice(b"\"\\\\x");
    hex(value, out);
    out.push(b'"');
    Ok(())
}

fn hex(value: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.resize(begin + 2 * value.len(), 0);
    let (pairs, _) = out[begin..].as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(value) {
        *pair = HEX[usize::from(*byte)];
    }
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn bytea_is_written_as_hex() {
        assert_eq!(written(write, b"\x00\x9f\xff"), r"\x009fff");
        assert_eq!(written(write, b""), r"\x");
        assert_eq!(written(json, b"\xab"), r#""\\xab""#);
    }
}
