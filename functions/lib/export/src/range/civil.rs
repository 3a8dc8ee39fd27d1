//! Calendar without an end: dates of every year that a bound can have, including those outside of the calendar
//! library's range. PostgreSQL's own calendar reaches from 4714 BC to the year 294276 and later.

use jiff::Timestamp;
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::DAY_MICROS;

/// Days in 400 years, after which the calendar repeats, days of the week and rules of time zones included.
const CYCLE_DAYS: i64 = 146_097;

/// 9990-01-01. From this day on a day is looked up 400 years earlier, well before the end of the library's range.
const LATE_DAY: i64 = 2_929_245;

/// Returns the year (0 is 1 BC), month and day of a number of days since 1970-01-01.
pub(crate) fn civil(days: i64) -> (i64, i64, i64) {
    // Years are counted from March, so that the leap day is the last.
    let shifted = days.saturating_add(719_468);
    let (era, day) = (shifted.div_euclid(CYCLE_DAYS), shifted.rem_euclid(CYCLE_DAYS));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let in_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let in_month = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, in_month)
}

/// Returns the days from 1970-01-01 to `date`.
pub(crate) fn days_since_epoch(date: Date) -> i64 {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.until(date).map_or(0, |span| i64::from(span.get_days()))
}

/// Returns the microseconds by which a time is moved back before the library looks it up, and forward afterwards.
fn moved(day: i64) -> i64 {
    if day >= LATE_DAY { CYCLE_DAYS * DAY_MICROS } else { 0 }
}

/// Returns the first instant of a day in `zone`, in microseconds since 1970.
pub(super) fn first_instant(day: i64, zone: &TimeZone) -> Option<i64> {
    let moved = moved(day);
    let date = jiff::civil::date(1970, 1, 1).checked_add((day - moved / DAY_MICROS).days()).ok()?;
    let start = date.to_zoned_datetime(zone.clone()).ok()?;
    start.timestamp().as_microsecond().checked_add(moved)
}

/// Calls `look` with the instant, or with the one 400 years before it, and moves the result forward by as much.
pub(super) fn on_calendar<E>(
    micros: i64,
    look: impl FnOnce(Timestamp) -> Result<i64, E>,
    beyond: impl FnOnce() -> E,
) -> Result<i64, E> {
    let moved = moved(micros.div_euclid(DAY_MICROS));
    match Timestamp::from_microsecond(micros - moved) {
        Ok(at) => Ok(look(at)? + moved),
        Err(_) => Err(beyond()),
    }
}

/// Reads an RFC 3339 instant of the years 1 to 9999, in microseconds since 1970.
pub(super) fn instant(text: &str) -> Option<i64> {
    let read = |text: &str| {
        let at: Timestamp = text.parse().ok()?;
        (at.subsec_nanosecond() % 1000 == 0).then_some(at.as_microsecond())
    };
    match text.get(..4)? {
        "0000" => None,
        // The library's range ends a day before the year does.
        "9999" => Some(read(&format!("9599{}", &text[4..]))? + CYCLE_DAYS * DAY_MICROS),
        _ => read(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn calendar_continues_beyond_the_library() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(2_932_896), (9999, 12, 31));
        assert_eq!(civil(2_932_897), (10_000, 1, 1));
        assert_eq!(civil(-719_162), (1, 1, 1));
        assert_eq!(civil(-719_163), (0, 12, 31));
        assert_eq!(days_since_epoch(jiff::civil::date(9999, 12, 31)), 2_932_896);
        assert_eq!(civil(LATE_DAY), (9990, 1, 1));
        let midnight = first_instant(2_932_897, &TimeZone::UTC);
        assert_eq!(midnight, Some(2_932_897 * DAY_MICROS));
        assert_eq!(instant("9999-12-31T23:59:59Z"), midnight.map(|at| at - 1_000_000));
        assert_eq!(instant("0000-12-31T23:59:59Z"), None);
        assert_eq!(instant("2024-01-01T00:00:00.0000001Z"), None);
    }

    proptest! {
        #[test]
        fn dates_equal_those_of_the_library(days in -719_528i64..2_932_897) {
            let date = jiff::civil::date(1970, 1, 1).checked_add(days.days()).unwrap();
            let found = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
            prop_assert_eq!(civil(days), found);
            prop_assert_eq!(days_since_epoch(date), days);
        }

        /// A lookup 400 years earlier gives the library's own result, within the library's range.
        #[test]
        fn zone_offsets_repeat_after_a_calendar_cycle(days in 25_000i64..2_700_000, zone in 0..4usize) {
            let zone = TimeZone::get(["Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "UTC"][zone]).unwrap();
            let start = first_instant(days, &zone).unwrap();
            prop_assert_eq!(first_instant(days + CYCLE_DAYS, &zone), Some(start + CYCLE_DAYS * DAY_MICROS));
        }
    }
}
