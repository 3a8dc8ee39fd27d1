//! Dates and times. PostgreSQL counts from 2000, Parquet from 1970, both in the proleptic Gregorian calendar.

use super::build::exactly;
use crate::encode::ValueProblem::{self, Malformed, Unsupported};

/// Days from 1970-01-01 to 2000-01-01.
const DAYS: i32 = 10_957;
const MICROS_PER_DAY: i64 = 86_400_000_000;
const MICROS: i64 = DAYS as i64 * MICROS_PER_DAY;

/// Converts `date` to days since 1970-01-01.
pub(super) fn date(value: &[u8]) -> Result<i32, ValueProblem> {
    match i32::from_be_bytes(exactly(value)?) {
        i32::MAX => Err(Unsupported("the date infinity")),
        i32::MIN => Err(Unsupported("the date -infinity")),
        days => days.checked_add(DAYS).ok_or(Malformed),
    }
}

/// Converts `time` to microseconds since midnight.
pub(super) fn time(value: &[u8]) -> Result<i64, ValueProblem> {
    match i64::from_be_bytes(exactly(value)?) {
        MICROS_PER_DAY => Err(Unsupported("the time 24:00:00")),
        micros @ 0..MICROS_PER_DAY => Ok(micros),
        _ => Err(Malformed),
    }
}

/// Converts `timestamp` and `timestamptz` to microseconds since 1970-01-01.
pub(super) fn timestamp(value: &[u8]) -> Result<i64, ValueProblem> {
    match i64::from_be_bytes(exactly(value)?) {
        i64::MAX => Err(Unsupported("the timestamp infinity")),
        i64::MIN => Err(Unsupported("the timestamp -infinity")),
        micros => match micros.checked_add(MICROS) {
            // DuckDB interprets the highest number as infinity.
            None | Some(i64::MAX) => Err(Unsupported("a timestamp after 294247-01-10 04:00:54.775806")),
            Some(micros) => Ok(micros),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_count_from_1970() {
        assert_eq!(date(&0i32.to_be_bytes()), Ok(10_957));
        assert_eq!(date(&(-10_958i32).to_be_bytes()), Ok(-1));
        assert_eq!(date(&i32::MAX.to_be_bytes()), Err(Unsupported("the date infinity")));
        assert_eq!(date(&[0; 3]), Err(Malformed));
    }

    #[test]
    fn time_24_00_is_unsupported() {
        assert_eq!(time(&(MICROS_PER_DAY - 1).to_be_bytes()), Ok(MICROS_PER_DAY - 1));
        assert_eq!(time(&MICROS_PER_DAY.to_be_bytes()), Err(Unsupported("the time 24:00:00")));
        assert_eq!(time(&(-1i64).to_be_bytes()), Err(Malformed));
    }

    #[test]
    fn timestamps_beyond_parquet_range_are_unsupported() {
        let last = i64::MAX - MICROS - 1;
        assert_eq!(timestamp(&last.to_be_bytes()), Ok(i64::MAX - 1));
        for beyond in [last + 1, last + 2, 9_223_371_331_199_999_999] {
            assert!(matches!(timestamp(&beyond.to_be_bytes()), Err(Unsupported(_))));
        }
        assert_eq!(timestamp(&i64::MIN.to_be_bytes()), Err(Unsupported("the timestamp -infinity")));
    }
}
