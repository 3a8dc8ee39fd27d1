//! Settling: the value up to which the rows of a range column no longer change. It is the one rule by which chunks
//! are reused, plans are cut and watermarks are made. `functions/lib/export/README.md` has the argument.

use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::days::FARTHEST_WEST_MICROS;
use super::{DAY_MICROS, RangeKind, Span};

/// Minimum of `settle_after`, in seconds. A session of PostgreSQL may be descheduled between taking its time and
/// making it visible to others; a column of whole seconds is rounded by half a second; clocks are corrected by
/// fractions of one.
pub const MIN_SETTLE_SECS: u64 = 5;

/// Hours after which no earlier wall time can return. Clocks are set back by an hour or two, and by a day if the date
/// line was moved.
const MAX_REPEAT_HOURS: i64 = 48;

/// Rule that decides which rows of a range column no longer change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Settle {
    /// Duration promised by the operator, in seconds.
    #[serde(rename = "afterSeconds")]
    pub after_secs: u64,
    /// IANA name of the zone in which a `date` or `timestamp` column is written. Without it the zone farthest west is
    /// used: a day that has ended there has ended in every zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

impl Settle {
    /// Returns the first value of the column that may not be settled yet, for a source that has shown everything that
    /// began before `horizon_micros`. In units of `kind`, rounded down; `None` outside of the calendar.
    pub fn until(&self, kind: RangeKind, horizon_micros: i64) -> Option<i64> {
        let after = i64::try_from(self.after_secs).ok()?.checked_mul(1_000_000)?;
        let at = horizon_micros.checked_sub(after)?;
        match kind {
            RangeKind::Instant => Some(at),
            RangeKind::Wall => self.earliest_wall(at),
            RangeKind::Date => Some(self.earliest_wall(at)?.div_euclid(DAY_MICROS)),
        }
    }

    /// Returns true if no row of `span` can change, appear or vanish any more.
    pub fn covers(&self, span: Span, horizon_micros: i64) -> bool {
        self.until(span.kind, horizon_micros).is_some_and(|until| span.end <= until)
    }

    /// Returns the earliest wall time that clocks show at `at_micros` or later.
    fn earliest_wall(&self, at_micros: i64) -> Option<i64> {
        let zone = self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        let Some(zone) = zone else { return at_micros.checked_sub(FARTHEST_WEST_MICROS) };
        let at = Timestamp::from_microsecond(at_micros).ok()?;
        let shown = |micros: i64, offset: Offset| micros + i64::from(offset.seconds()) * 1_000_000;
        let last = at.checked_add(MAX_REPEAT_HOURS.hours()).ok()?;
        let changes = zone.following(at).take_while(|change| change.timestamp() <= last);
        // A clock shows its earliest time right after it was set back.
        let back = changes.map(|change| shown(change.timestamp().as_microsecond(), change.offset()));
        Some(back.fold(shown(at_micros, zone.to_offset(at)), i64::min))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::range::format_micros;
    use proptest::prelude::*;

    fn settle(after_secs: u64, zone: Option<&str>) -> Settle {
        Settle { after_secs, time_zone: zone.map(Into::into) }
    }

    fn micros(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    fn until(kind: RangeKind, zone: Option<&str>, at: &str) -> String {
        let until = settle(3600, zone).until(kind, micros(at) + 3_600_000_000).unwrap();
        Span { kind, start: until, end: until }.text(until)
    }

    #[test]
    fn day_settles_after_its_end_in_its_zones() {
        use RangeKind::Date;
        let los_angeles = Some("America/Los_Angeles");
        // The reported case: at 17:00 of the 5th in Los Angeles, which is the 6th in UTC.
        assert_eq!(until(Date, los_angeles, "2024-03-06T01:00:00Z"), "2024-03-05");
        assert_eq!(until(Date, los_angeles, "2024-03-06T07:59:59Z"), "2024-03-05");
        assert_eq!(until(Date, los_angeles, "2024-03-06T08:00:00Z"), "2024-03-06");
        assert_eq!(until(Date, Some("UTC"), "2024-03-06T00:00:00Z"), "2024-03-06");
        assert_eq!(until(Date, None, "2024-03-06T11:59:59Z"), "2024-03-05");
        assert_eq!(until(Date, None, "2024-03-06T12:00:00Z"), "2024-03-06");
        assert_eq!(until(Date, Some("Pacific/Kiritimati"), "2024-03-05T10:00:00Z"), "2024-03-06");
    }

    #[test]
    fn settling_respects_a_repeated_wall_clock_hour() {
        let until = |at: &str| until(RangeKind::Wall, Some("Europe/Amsterdam"), at);
        assert_eq!(until("2024-07-01T10:00:00Z"), "2024-07-01T12:00:00");
        assert_eq!(until("2024-10-26T23:30:00Z"), "2024-10-27T01:30:00");
        // The clock is set back from 03:00 to 02:00, so all times from 02:00 on are shown a second time.
        assert_eq!(until("2024-10-27T00:30:00Z"), "2024-10-27T02:00:00");
        assert_eq!(until("2024-10-27T01:30:00Z"), "2024-10-27T02:30:00");
        // Without a zone it may be any.
        assert_eq!(super::tests::until(RangeKind::Wall, None, "2024-07-01T10:00:00Z"), "2024-06-30T22:00:00");
    }

    #[test]
    fn an_instant_needs_no_zone() {
        assert_eq!(until(RangeKind::Instant, None, "2024-03-06T01:02:03.5Z"), "2024-03-06T01:02:03.5Z");
        assert_eq!(settle(u64::MAX, None).until(RangeKind::Instant, 0), None);
        assert_eq!(settle(0, Some("UTC")).until(RangeKind::Wall, i64::MIN), None);
    }

    /// Zones of every kind: half hours, summer time in both halves of the year, a skipped day (Apia 2011), a repeated
    /// day (Kwajalein 1969 in its history), summer time of half an hour, and the zones farthest east and west.
    const ZONES: [&str; 12] = [
        "UTC",
        "America/Los_Angeles",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Europe/Amsterdam",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kwajalein",
        "Pacific/Kiritimati",
        "Etc/GMT+12",
        "America/Havana",
    ];

    proptest! {
        /// A row stamped by a writer in any zone, at any moment from the horizon on, is after all settled values,
        /// whether or not the operator named the zone.
        #[test]
        fn values_that_can_still_be_written_are_unsettled(
            zone in 0..ZONES.len(), named: bool, kind in prop_oneof![Just(RangeKind::Date), Just(RangeKind::Wall), Just(RangeKind::Instant)],
            // From 1970 to 2069.
            horizon in 0i64..3_124_224_000, after in 0u64..200_000, later in prop_oneof![0i64..10_000_000, 0i64..400_000_000_000],
        ) {
            let settle = settle(after, named.then_some(ZONES[zone]));
            let horizon = horizon * 1_000_000 + 17;
            // `settle_after` allows a row to be written that much later than its stamp.
            let stamp = horizon - after as i64 * 1_000_000 + later;
            let offset = TimeZone::get(ZONES[zone]).unwrap().to_offset(Timestamp::from_microsecond(stamp).unwrap());
            let wall = stamp + i64::from(offset.seconds()) * 1_000_000;
            let value = match kind {
                RangeKind::Date => wall.div_euclid(DAY_MICROS),
                RangeKind::Wall => wall,
                RangeKind::Instant => stamp,
            };
            let until = settle.until(kind, horizon).unwrap();
            prop_assert!(value >= until, "{} before {}", format_micros(value, 'T'), format_micros(until, 'T'));
            let span = |end| Span { kind, start: end - 1, end };
            prop_assert!(!settle.covers(span(value + 1), horizon));
            prop_assert!(settle.covers(span(until), horizon) && !settle.covers(span(until + 1), horizon));
        }
    }
}
