//! Days and times of day in the notation of PostgreSQL.

use super::digits::{four, two, unsigned};

/// Days from 0000-03-01 to 2000-01-01 in the proleptic Gregorian calendar.
const DAYS_TO_2000: i64 = 730_425;

/// Days in 400 years.
const ERA_DAYS: i64 = 146_097;

/// Calendar day.
struct Day {
    year: i64,
    month: u32,
    day: u32,
}

/// Returns the calendar day for a number of days after 2000-01-01. The arithmetic is Neri and Schneider's (*Euclidean
/// affine functions and their application to calendar algorithms*): years begin in March, so that the leap day is the
/// last of its year.
#[inline]
fn civil(days: i64) -> Day {
    let days = days + DAYS_TO_2000;
    let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS) as u32);
    let n = 4 * day_of_era + 3;
    let (century, day_of_century) = (n / 146_097, n % 146_097 / 4);
    // Year and day of the year at once: the upper and the lower half of a product.
    let product = 2_939_745 * u64::from(4 * day_of_century + 3);
    let (year_of_century, day_of_year) = ((product >> 32) as u32, product as u32 / 2_939_745 / 4);
    let n = 2_141 * day_of_year + 197_913;
    let (month, day) = (n >> 16, (n & 0xffff) / 2_141 + 1);
    let after_december = day_of_year >= 306;
    Day {
        year: 400 * era + i64::from(100 * century + year_of_century + u32::from(after_december)),
        month: if after_december { month - 12 } else { month },
        day,
    }
}

impl Day {
    /// Returns the year as written, and true if it is BC. There is no year 0: it is 1 BC.
    #[inline]
    fn year(&self) -> (u64, bool) {
        if self.year > 0 { (self.year as u64, false) } else { (self.year.unsigned_abs() + 1, true) }
    }

    /// Returns a text such as `2024-01-31`, for a year of four digits.
    #[inline]
    fn text(&self, year: u32) -> [u8; 10] {
        let ([y1, y2, y3, y4], [m1, m2], [d1, d2]) = (four(year), two(self.month), two(self.day));
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2]
    }

    fn write(&self, year: u64, out: &mut Vec<u8>) {
        if year < 10_000 {
            return out.extend_from_slice(&self.text(year as u32));
        }
        let ([m1, m2], [d1, d2]) = (two(self.month), two(self.day));
        unsigned(year, out);
        out.extend_from_slice(&[b'-', m1, m2, b'-', d1, d2]);
    }
}

/// Appends a text such as `2024-01-31` for a day counted from 2000-01-01; years have at least four digits. Returns
/// true if ` BC` must be appended to the value.
#[inline]
pub(super) fn day(days: i64, out: &mut Vec<u8>) -> bool {
    let day = civil(days);
    let (year, bc) = day.year();
    day.write(year, out);
    bc
}

/// Appends a day as [`day`] does, then `between`, then a time as [`time`] does.
#[inline]
pub(super) fn stamp(days: i64, micros: u64, between: u8, out: &mut Vec<u8>) -> bool {
    let day = civil(days);
    let (year, bc) = day.year();
    let (secs, fraction) = split(micros);
    if year < 10_000 {
        // Appended at once, which checks the capacity only once.
        let mut text = [between; 19];
        text[..10].copy_from_slice(&day.text(year as u32));
        text[11..].copy_from_slice(&clock(secs));
        out.extend_from_slice(&text);
    } else {
        day.write(year, out);
        out.push(between);
        out.extend_from_slice(&clock(secs));
    }
    part_of_second(fraction, out);
    bc
}

/// Appends a text such as `12:34:56`, with a fraction only if it is not zero, without trailing zeros. Up to 99 hours.
#[inline]
pub(super) fn time(micros: u64, out: &mut Vec<u8>) {
    let (secs, fraction) = split(micros);
    out.extend_from_slice(&clock(secs));
    part_of_second(fraction, out);
}

/// Appends minutes and seconds such as `34:56`, with a fraction as in [`time`].
#[inline]
pub(super) fn minutes(micros: u64, out: &mut Vec<u8>) {
    let (secs, fraction) = split(micros);
    let ([m1, m2], [s1, s2]) = (two(secs / 60), two(secs % 60));
    out.extend_from_slice(&[m1, m2, b':', s1, s2]);
    part_of_second(fraction, out);
}

/// Splits into seconds and microseconds.
#[inline]
fn split(micros: u64) -> (u32, u32) {
    ((micros / 1_000_000) as u32, (micros % 1_000_000) as u32)
}

#[inline]
fn clock(secs: u32) -> [u8; 8] {
    let ([h1, h2], [m1, m2], [s1, s2]) = (two(secs / 3_600), two(secs / 60 % 60), two(secs % 60));
    [h1, h2, b':', m1, m2, b':', s1, s2]
}

#[inline]
fn part_of_second(micros: u32, out: &mut Vec<u8>) {
    if micros != 0 {
        let ([a, b], [c, d, e, f]) = (two(micros / 10_000), four(micros % 10_000));
        out.extend_from_slice(&[b'.', a, b, c, d, e, f]);
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}
