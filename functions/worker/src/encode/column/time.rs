//! `time` and `timetz`: microseconds of the day, and for the latter seconds west of Greenwich.

use super::digits::two;
use super::{calendar, exactly};
use crate::decode::Malformed;

/// Microseconds of a day. `24:00:00` is a valid time distinct from `00:00:00`.
const DAY_MICROS: i64 = 86_400_000_000;

/// Limit of offsets: less than 16 hours in either direction (`TZDISP_LIMIT`).
const OFFSET_LIMIT_SECS: i32 = 16 * 3_600;

pub(super) fn plain(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    write(i64::from_be_bytes(exactly(value)?), out)
}

pub(super) fn zoned(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let (micros, west) = value.split_first_chunk::<8>().ok_or(Malformed)?;
    let west = i32::from_be_bytes(exactly(west)?);
    if !(1 - OFFSET_LIMIT_SECS..OFFSET_LIMIT_SECS).contains(&west) {
        return Err(Malformed);
    }
    write(i64::from_be_bytes(*micros), out)?;
    out.push(if west <= 0 { b'+' } else { b'-' });
    let secs = west.unsigned_abs();
    out.extend_from_slice(&two(secs / 3_600));
    if !secs.is_multiple_of(3_600) {
        let [m1, m2] = two(secs / 60 % 60);
        out.extend_from_slice(&[b':', m1, m2]);
    }
    if !secs.is_multiple_of(60) {
        let [s1, s2] = two(secs % 60);
        out.extend_from_slice(&[b':', s1, s2]);
    }
    Ok(())
}

fn write(micros: i64, out: &mut Vec<u8>) -> Result<(), Malformed> {
    if !(0..=DAY_MICROS).contains(&micros) {
        return Err(Malformed);
    }
    calendar::time(micros as u64, out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn times_are_written_like_postgresql() {
        let text = |micros: i64| written(plain, &micros.to_be_bytes());
        assert_eq!(text(0), "00:00:00");
        assert_eq!(text(DAY_MICROS), "24:00:00");
        assert_eq!(text(45_296_000_010), "12:34:56.00001");
        let text = |west: i32| written(zoned, &[&[0; 8][..], &west.to_be_bytes()].concat());
        assert_eq!(text(0), "00:00:00+00");
        assert_eq!(text(-7_200), "00:00:00+02");
        assert_eq!(text(12_600), "00:00:00-03:30");
        assert_eq!(text(12_610), "00:00:00-03:30:10");
        assert_eq!(text(-57_599), "00:00:00+15:59:59");
    }

    #[test]
    fn malformed_times_are_refused() {
        for bad in [-1, DAY_MICROS + 1, i64::MIN] {
            assert_eq!(plain(&bad.to_be_bytes(), &mut Vec::new()), Err(Malformed));
        }
        for bad in [57_600, -57_600, i32::MIN] {
            let value = [&[0; 8][..], &bad.to_be_bytes()].concat();
            assert_eq!(zoned(&value, &mut Vec::new()), Err(Malformed));
        }
    }
}
