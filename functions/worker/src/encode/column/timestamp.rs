//! `timestamp` and `timestamptz`: microseconds since 2000-01-01, of local time or of UTC.

use super::{calendar, exactly};
use crate::decode::Malformed;

const DAY_MICROS: i64 = 86_400_000_000;

pub(super) fn wall(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    write(value, b' ', b"", out)
}

pub(super) fn instant(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    write(value, b' ', b"+00", out)
}

/// Appends the notation of JSON (ISO 8601), without quotes.
pub(super) fn wall_iso(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    write(value, b'T', b"", out)
}

/// Appends the notation of JSON with the offset of UTC; see [`wall_iso`].
pub(super) fn instant_iso(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    write(value, b'T', b"+00:00", out)
}

#[inline]
fn write(value: &[u8], between: u8, zone: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    match i64::from_be_bytes(exactly(value)?) {
        i64::MAX => out.extend_from_slice(b"infinity"),
        i64::MIN => out.extend_from_slice(b"-infinity"),
        micros => {
            let (days, of_day) = (micros.div_euclid(DAY_MICROS), micros.rem_euclid(DAY_MICROS) as u64);
            let bc = calendar::stamp(days, of_day, between, out);
            out.extend_from_slice(zone);
            if bc {
                out.extend_from_slice(b" BC");
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn timestamps_are_written_like_postgresql() {
        let text = |micros: i64| written(instant, &micros.to_be_bytes());
        assert_eq!(text(0), "2000-01-01 00:00:00+00");
        assert_eq!(text(-1), "1999-12-31 23:59:59.999999+00");
        assert_eq!(text(1_500_000), "2000-01-01 00:00:01.5+00");
        assert_eq!(text(10), "2000-01-01 00:00:00.00001+00");
        assert_eq!(text(-730_120 * DAY_MICROS + 1), "0001-12-31 00:00:00.000001+00 BC");
        assert_eq!(text(i64::MAX), "infinity");
        assert_eq!(
            written(wall, &9_223_371_331_199_999_999i64.to_be_bytes()),
            "294276-12-31 23:59:59.999999"
        );
        assert_eq!(written(wall_iso, &10i64.to_be_bytes()), "2000-01-01T00:00:00.00001");
        assert_eq!(
            written(instant_iso, &(-730_120 * DAY_MICROS).to_be_bytes()),
            "0001-12-31T00:00:00+00:00 BC"
        );
    }
}
