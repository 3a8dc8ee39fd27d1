//! Ticks at times of chosen days.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::wall::{first_at, first_of};

/// Number of days searched for the next tick. February 29 may be eight years away.
const MAX_DAYS: i32 = 366 * 9;

/// Returns the first instant after `after` that is one of `times` (sorted) on a day that `is_chosen`. Days that the zone
/// has skipped have none.
pub(super) fn next(
    zone: &TimeZone,
    after: Timestamp,
    is_chosen: impl Fn(Date) -> bool,
    times: &[Time],
) -> Option<Timestamp> {
    let wall = zone.to_datetime(after);
    let mut date = wall.date();
    for _ in 0..MAX_DAYS {
        if is_chosen(date) && first_of(zone, date).is_some() {
            // Earlier times of the same day are earlier instants, as the mapping never goes back.
            let later = times.iter().filter(|time| date > wall.date() || **time >= wall.time());
            let found = later.filter_map(|time| first_at(zone, date.to_datetime(*time)));
            if let Some(next) = found.into_iter().find(|at| *at > after) {
                return Some(next);
            }
        }
        date = date.checked_add(1.day()).ok()?;
    }
    None
}
