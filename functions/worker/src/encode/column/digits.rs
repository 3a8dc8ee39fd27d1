//! Integers (`smallint`, `integer`, `bigint`, `oid`), and the decimal digits of all numbers, written two at a time.

use super::exactly;
use crate::decode::Malformed;

/// Table of the pairs `00` to `99`. Entries above are unused: an index of one byte needs no bounds check.
static PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + (n / 10) as u8, b'0' + (n % 10) as u8];
        n += 1;
    }
    pairs
};

pub(super) fn int2(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    signed(i16::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}

pub(super) fn int4(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    signed(i32::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}

pub(super) fn int8(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    signed(i64::from_be_bytes(exactly(value)?), out);
    Ok(())
}

pub(super) fn oid(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    unsigned(u32::from_be_bytes(exactly(value)?).into(), out);
    Ok(())
}

/// Appends a number without leading zeros.
#[inline]
pub(crate) fn unsigned(mut n: u64, out: &mut Vec<u8>) {
    let (mut text, mut at) = ([0u8; 20], 20);
    while n >= 100 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&two((n % 100) as u32));
        n /= 100;
    }
    if n >= 10 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&two(n as u32));
    } else {
        at -= 1;
        text[at] = b'0' + n as u8;
    }
    out.extend_from_slice(&text[at..]);
}

/// Appends a number with its sign.
#[inline]
pub(crate) fn signed(n: i64, out: &mut Vec<u8>) {
    if n < 0 {
        out.push(b'-');
    }
    unsigned(n.unsigned_abs(), out);
}

/// Returns two digits; `n` is below 100.
#[inline]
pub(crate) fn two(n: u32) -> [u8; 2] {
    PAIRS[n as u8 as usize]
}

/// Returns four digits; `n` is below 10,000.
#[inline]
pub(crate) fn four(n: u32) -> [u8; 4] {
    let ([a, b], [c, d]) = (two(n / 100), two(n % 100));
    [a, b, c, d]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_are_written_like_rust(n: i64, small in -1_000i64..1_000) {
            for n in [n, small, i64::MIN, i64::MAX] {
                let mut out = Vec::new();
                signed(n, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), n.to_string());
            }
        }
    }
}
