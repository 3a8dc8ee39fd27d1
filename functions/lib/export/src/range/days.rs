//! Calendar days without a zone, as an operator names them, and the spans of range columns they cover.

use jiff::civil::Date;

use super::civil::days_since_epoch;
use super::{RangeKind, Span};

/// Time by which a day in the zone farthest east begins before the same day in UTC.
const FARTHEST_EAST_MICROS: i64 = 14 * 3_600_000_000;
/// Time by which a day in the zone farthest west ends after the same day in UTC.
pub(super) const FARTHEST_WEST_MICROS: i64 = 12 * 3_600_000_000;

/// Whole days, both ends inclusive; an end that is not given is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

impl Days {
    /// Reads two days written as `2024-01-31`; an absent text leaves that end open.
    ///
    /// # Errors
    /// A description of the error, for people.
    pub fn read(from: Option<&str>, to: Option<&str>) -> Result<Self, String> {
        let day = |text: &str| {
            let date = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
            date.filter(|d| d.year() >= 1)
                .ok_or_else(|| format!("{text:?} is not a date; write it as 2024-01-31"))
        };
        let days = Self { from: from.map(day).transpose()?, to: to.map(day).transpose()? };
        match (days.from, days.to) {
            (Some(from), Some(to)) if from > to => Err(format!("{from} is after {to}")),
            _ => Ok(days),
        }
    }

    /// Returns true if both ends are open.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Returns a span of `kind` that holds every value of these days: dates and wall times exactly, instants for any
    /// zone the days may be meant in.
    pub fn span(&self, kind: RangeKind) -> Span {
        let start = self.from.map(|d| (days_since_epoch(d), FARTHEST_EAST_MICROS));
        let after = self.to.map(|d| (days_since_epoch(d) + 1, FARTHEST_WEST_MICROS));
        let place = |(day, _): (i64, i64)| day.saturating_mul(kind.day());
        match kind {
            RangeKind::Date | RangeKind::Wall => Span {
                kind,
                start: start.map_or(Span::OPEN_START, place),
                end: after.map_or(Span::OPEN_END, place),
            },
            RangeKind::Instant => Span {
                kind,
                start: start.map_or(Span::OPEN_START, |at| place(at).saturating_sub(at.1)),
                end: after.map_or(Span::OPEN_END, |at| place(at).saturating_add(at.1)),
            },
        }
    }

    /// Returns the spans of these days for all kinds.
    pub fn spans(&self) -> [Span; 3] {
        [RangeKind::Date, RangeKind::Wall, RangeKind::Instant].map(|kind| self.span(kind))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::range::DAY_MICROS;

    #[test]
    fn days_hold_their_instants_in_every_zone() {
        let days = Days::read(Some("2024-03-31"), Some("2024-03-31")).unwrap();
        let span = days.span(RangeKind::Instant);
        for zone in ["Pacific/Kiritimati", "Etc/GMT+12", "Europe/Amsterdam", "Australia/Lord_Howe"] {
            let zone = TimeZone::get(zone).unwrap();
            let start =
                days.from.unwrap().to_zoned_datetime(zone.clone()).unwrap().timestamp().as_microsecond();
            let end =
                jiff::civil::date(2024, 4, 1).to_zoned_datetime(zone).unwrap().timestamp().as_microsecond();
            assert!(span.start <= start && end <= span.end);
        }
        assert_eq!(days.span(RangeKind::Date), Span { kind: RangeKind::Date, start: 19_813, end: 19_814 });
        assert_eq!(days.span(RangeKind::Wall).end, 19_814 * DAY_MICROS);
    }

    #[test]
    fn open_ends_are_accepted_and_invalid_days_refused() {
        let days = Days::read(None, Some("2024-01-31")).unwrap();
        assert_eq!(days.span(RangeKind::Wall).start, i64::MIN);
        assert!(!days.is_all() && Days::read(None, None).unwrap().is_all());
        for (from, to) in
            [("2024-02-30", "2024-03-01"), ("2024-1-1", "2024-03-01"), ("2024-02-02", "2024-02-01")]
        {
            assert!(Days::read(Some(from), Some(to)).is_err(), "{from} {to}");
        }
    }
}
