//! `interval`: microseconds, days and months, in the style `postgres`: `1 year 2 mons -3 days +04:05:06`.

use super::digits::{signed, two, unsigned};
use super::{calendar, exactly};
use crate::decode::Malformed;

const HOUR_MICROS: u64 = 3_600_000_000;

pub(super) fn write(value: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = exactly(value)?;
    let micros = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let (days, months) = (i32::from_be_bytes([i, j, k, l]), i32::from_be_bytes([m, n, o, p]));
    match (micros, days, months) {
        // Since version 17. In earlier versions these were valid but practically unused intervals.
        (i64::MAX, i32::MAX, i32::MAX) => out.extend_from_slice(b"infinity"),
        (i64::MIN, i32::MIN, i32::MIN) => out.extend_from_slice(b"-infinity"),
        _ => finite(micros, days, months, out),
    }
    Ok(())
}

fn finite(micros: i64, days: i32, months: i32, out: &mut Vec<u8>) {
    // True if nothing was written yet, and true if the previous part was negative.
    let (mut first, mut negative) = (true, false);
    for (number, unit) in [(months / 12, "year"), (months % 12, "mon"), (days, "day")] {
        if number == 0 {
            continue;
        }
        if !first {
            out.push(b' ');
        }
        if negative && number > 0 {
            out.push(b'+');
        }
        signed(number.into(), out);
        out.push(b' ');
        out.extend_from_slice(unit.as_bytes());
        if number != 1 {
            out.push(b's');
        }
        (first, negative) = (false, number < 0);
    }
    if micros == 0 && !first {
        return;
    }
    if !first {
        out.push(b' ');
    }
    if micros < 0 {
        out.push(b'-');
    } else if negative {
        out.push(b'+');
    }
    let (hours, rest) = (micros.unsigned_abs() / HOUR_MICROS, micros.unsigned_abs() % HOUR_MICROS);
    if hours < 100 {
        out.extend_from_slice(&two(hours as u32));
    } else {
        unsigned(hours, out);
    }
    out.push(b':');
    calendar::minutes(rest, out);
}

#[cfg(test)]
mod tests {
    use super::super::written;
    use super::*;

    #[test]
    fn intervals_are_written_like_postgresql() {
        let text = |micros: i64, days: i32, months: i32| {
            let value = [&micros.to_be_bytes()[..], &days.to_be_bytes(), &months.to_be_bytes()].concat();
            written(write, &value)
        };
        assert_eq!(text(0, 0, 0), "00:00:00");
        assert_eq!(text(0, 1, 0), "1 day");
        assert_eq!(text(0, -1, 14), "1 year 2 mons -1 days");
        assert_eq!(text(-1, 0, 0), "-00:00:00.000001");
        assert_eq!(text(1_500_000, -3, 1), "1 mon -3 days +00:00:01.5");
        assert_eq!(text(0, 2, -13), "-1 years -1 mons +2 days");
        assert_eq!(text(-11_045_678_000, 2, -1), "-1 mons +2 days -03:04:05.678");
        assert_eq!(text(360_000_000_000, 0, 0), "100:00:00");
        assert_eq!(text(i64::MIN, 0, 0), "-2562047788:00:54.775808");
        assert_eq!(text(0, i32::MIN, i32::MIN), "-178956970 years -8 mons -2147483648 days");
        assert_eq!(text(i64::MAX, i32::MAX, i32::MAX), "infinity");
        assert_eq!(text(i64::MIN, i32::MIN, i32::MIN), "-infinity");
    }
}
