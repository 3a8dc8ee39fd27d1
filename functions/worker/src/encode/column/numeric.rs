//! `numeric`: sign, weight, digits of base 10,000, and the number of decimals shown.

use super::digits::{four, unsigned};
use crate::decode::Malformed;

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const MINUS_INFINITY: u16 = 0xf000;

/// Maximum number of decimals PostgreSQL shows.
const MAX_SCALE: u16 = 0x3fff;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (head, digits) = value.split_first_chunk::<8>().ok_or(Malformed)?;
    let [c1, c2, w1, w2, s1, s2, d1, d2] = *head;
    let (count, weight) = (u16::from_be_bytes([c1, c2]), i16::from_be_bytes([w1, w2]));
    let (sign, scale) = (u16::from_be_bytes([s1, s2]), u16::from_be_bytes([d1, d2]));
    if digits.len() != usize::from(count) * 2 || scale > MAX_SCALE {
        return Err(Malformed);
    }
    let word: &[u8] = match sign {
        0 => b"",
        NEGATIVE => b"-",
        NAN => b"NaN",
        INFINITY => b"Infinity",
        MINUS_INFINITY => b"-Infinity",
        _ => return Err(Malformed),
    };
    out.extend_from_slice(word);
    if word.len() > 1 {
        return Ok(());
    }
    let groups = Groups(digits);
    let weight = i32::from(weight);
    if weight < 0 {
        out.push(b'0');
    } else {
        let first = groups.at(0)?;
        // PostgreSQL stores no leading zeros.
        if first == 0 && weight > 0 {
            return Err(Malformed);
        }
        unsigned(first.into(), out);
        for i in 1..=weight {
            out.extend_from_slice(&four(groups.at(i)?));
        }
    }
    if scale > 0 {
        out.push(b'.');
        let end = out.len() + usize::from(scale);
        // The first group after the point. For small numbers it is before the first stored group.
        let mut i = weight + 1;
        while out.len() < end {
            out.extend_from_slice(&four(groups.at(i)?));
            i += 1;
        }
        out.truncate(end);
    }
    Ok(())
}

struct Groups<'a>(&'a [u8]);

impl Groups<'_> {
    /// Returns the group at a position counted from the first one; 0 if none is stored there.
    #[inline]
    fn at(&self, i: i32) -> Result<u32, Malformed> {
        let Ok(at) = usize::try_from(i) else { return Ok(0) };
        let group = match self.0.get(2 * at..2 * at + 2) {
            Some(&[a, b]) => u16::from_be_bytes([a, b]),
            _ => 0,
        };
        if group < 10_000 { Ok(group.into()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    fn binary(weight: i16, sign: u16, scale: u16, digits: &[u16]) -> Vec<u8> {
        let head = [digits.len() as u16, weight as u16, sign, scale];
        head.iter().chain(digits).flat_map(|n| n.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_written_like_postgresql() {
        let text = |weight, sign, scale, digits: &[u16]| written(write, &binary(weight, sign, scale, digits));
        assert_eq!(text(0, 0, 0, &[]), "0");
        assert_eq!(text(0, 0, 2, &[]), "0.00");
        assert_eq!(text(0, 0, 2, &[12, 3_400]), "12.34");
        assert_eq!(text(1, NEGATIVE, 0, &[1, 2]), "-10002");
        assert_eq!(text(2, 0, 0, &[1]), "100000000");
        assert_eq!(text(-1, 0, 5, &[7]), "0.00070");
        assert_eq!(text(-2, 0, 8, &[1]), "0.00000001");
        assert_eq!(text(-3, 0, 12, &[9_876]), "0.000000009876");
        assert_eq!(text(0, 0, 6, &[1, 1, 1]), "1.000100");
        assert_eq!(text(0, NAN, 0, &[]), "NaN");
        assert_eq!(text(0, MINUS_INFINITY, 0, &[]), "-Infinity");
    }

    #[test]
    fn malformed_numerics_are_refused() {
        for bad in [
            binary(0, 0, 0, &[10_000]),
            binary(1, 0, 0, &[]),
            binary(0, 1, 0, &[]),
            binary(0, 0, 0x4000, &[]),
            vec![0; 7],
        ] {
            assert_eq!(write(&bad, &mut Vec::new()), Err(Malformed));
        }
    }
}
