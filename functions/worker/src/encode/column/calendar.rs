//! Days and times of day as PostgreSQL writes them.

use super::digits::{four, two, unsigned};

/// From 0000-03-01 to 2000-01-01, in days of the proleptic Gregorian calendar.
const DAYS_TO_2000: i64 = 730_425;

/// Appends `2024-01-31` for a day counted from 2000-01-01; years have at least four digits. Answers
/// whether ` BC` belongs at the end of the value.
#[inline]
pub(super) fn day(days: i64, out: &mut Vec<u8>) -> bool {
    // Years begin in March here, so that the leap day is the last of its year.
    let days = days + DAYS_TO_2000;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month_from_march + 2) / 5 + 1) as u32;
    let month = (if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 }) as u32;
    let year = year_of_era + era * 400 + i64::from(month <= 2);

    // There is no year 0: it is 1 BC.
    let (year, bc) = if year > 0 { (year as u64, false) } else { (year.unsigned_abs() + 1, true) };
    if year < 10_000 {
        out.extend_from_slice(&four(year as u32));
    } else {
        unsigned(year, out);
    }
    let ([m1, m2], [d1, d2]) = (two(month), two(day));
    out.extend_from_slice(&[b'-', m1, m2, b'-', d1, d2]);
    bc
}

/// Appends ` 12:34:56`, with a fraction only where it is not zero and without its trailing zeros.
#[inline]
pub(super) fn time(micros: u64, out: &mut Vec<u8>) {
    let (secs, fraction) = ((micros / 1_000_000) as u32, (micros % 1_000_000) as u32);
    let ([h1, h2], [m1, m2], [s1, s2]) = (two(secs / 3_600), two(secs / 60 % 60), two(secs % 60));
    out.extend_from_slice(&[b' ', h1, h2, b':', m1, m2, b':', s1, s2]);
    if fraction != 0 {
        let ([a, b], [c, d, e, f]) = (two(fraction / 10_000), four(fraction % 10_000));
        out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}
