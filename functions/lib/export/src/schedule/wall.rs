//! Instants of wall times. The mapping never goes back: a later wall time is never an earlier instant.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// Returns the first instant at which the clock of a zone shows a wall time, or the first one after the gap if it skips that
/// time. `None` outside of the years that the calendar has.
pub(super) fn first_at(zone: &TimeZone, wall: DateTime) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } => {
            offset.to_timestamp(wall).ok()
        }
        AmbiguousOffset::Gap { before, .. } => {
            // By the offset of before, a skipped time is at the transition or after it.
            let after = before.to_timestamp(wall).ok()?;
            let transition = zone.preceding(after + SignedDuration::from_nanos(1)).next()?;
            Some(transition.timestamp())
        }
    }
}

/// Returns the first instant of a day; `None` if the zone has skipped the day.
pub(super) fn first_of(zone: &TimeZone, date: Date) -> Option<Timestamp> {
    let first = first_at(zone, date.at(0, 0, 0, 0))?;
    (zone.to_datetime(first).date() == date).then_some(first)
}

/// Returns the day on which an instant falls.
pub(super) fn day_of(zone: &TimeZone, at: Timestamp) -> Date {
    zone.to_datetime(at).date()
}

/// Returns the day before the one that begins at `first`.
pub(super) fn day_before(zone: &TimeZone, first: Timestamp) -> Date {
    day_of(zone, first - SignedDuration::from_nanos(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zone: &str, wall: &str) -> String {
        first_at(&TimeZone::get(zone).unwrap(), wall.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn skipped_time_is_the_first_instant_after_the_gap() {
        for wall in ["2026-03-29T02:00", "2026-03-29T02:30", "2026-03-29T03:00"] {
            assert_eq!(at("Europe/Berlin", wall), "2026-03-29T01:00:00Z", "{wall}");
        }
        assert_eq!(at("Australia/Lord_Howe", "2026-10-04T02:10"), "2026-10-03T15:30:00Z");
    }

    #[test]
    fn repeated_time_is_its_first_occurrence() {
        assert_eq!(at("Europe/Berlin", "2026-10-25T02:30"), "2026-10-25T00:30:00Z");
        assert_eq!(at("America/Los_Angeles", "2026-11-01T01:00"), "2026-11-01T08:00:00Z");
    }

    #[test]
    fn skipped_day_has_no_first_instant() {
        let apia = TimeZone::get("Pacific/Apia").unwrap();
        assert_eq!(first_of(&apia, jiff::civil::date(2011, 12, 30)), None);
        let first = first_of(&apia, jiff::civil::date(2011, 12, 31)).unwrap();
        assert_eq!(day_before(&apia, first), jiff::civil::date(2011, 12, 29));
    }
}
