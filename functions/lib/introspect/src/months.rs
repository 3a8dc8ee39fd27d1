//! Calendar months of a range column, in its own type. Pure.

use std::ops::RangeInclusive;

use export::range::{RangeKind, Span};
use jiff::ToSpan;
use jiff::civil::{Date, date};

/// Maximum number of months that are estimated individually, each by an EXPLAIN of about a millisecond: 50 years.
pub(super) const MAX_MONTHS: i32 = 600;

/// Months since January of the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month(pub(super) i32);

impl Month {
    /// Returns the month of a value; years before 1 and after 9998 count as these.
    pub(super) fn of(kind: RangeKind, at: i64) -> Self {
        let epoch = date(1970, 1, 1);
        let days = at.div_euclid(kind.day()).clamp(-719_162, 2_932_495);
        let day = epoch.saturating_add(days.days());
        Self(i32::from(day.year()) * 12 + i32::from(day.month()) - 1)
    }

    fn first_day(self) -> Date {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        // Both fit: months come from `of`, or are between two that do.
        Date::new(year as i16, month as i8, 1).unwrap_or(Date::MAX)
    }

    fn start(self, kind: RangeKind) -> i64 {
        let days = date(1970, 1, 1).until(self.first_day()).map_or(0, |span| span.get_days());
        i64::from(days) * kind.day()
    }

    /// Returns the span of all values of the month.
    pub(super) fn span(self, kind: RangeKind) -> Span {
        Span { kind, start: self.start(kind), end: Self(self.0 + 1).start(kind) }
    }

    /// Returns the key of the month, such as `2024-01`.
    pub(super) fn key(self) -> String {
        format!("{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// Returns the months from `first` to `last`, or [`MAX_MONTHS`] of them around `centre`.
pub(super) fn window(first: Month, last: Month, centre: Month) -> RangeInclusive<i32> {
    if last.0 - first.0 < MAX_MONTHS {
        return first.0..=last.0;
    }
    let start = (centre.0 - MAX_MONTHS / 2).clamp(first.0, last.0 - MAX_MONTHS + 1);
    start..=start + MAX_MONTHS - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_a_span_of_the_columns_type() {
        let month = Month::of(RangeKind::Date, 19_600);
        assert_eq!(month.key(), "2023-08");
        assert_eq!(month.span(RangeKind::Date), Span { kind: RangeKind::Date, start: 19_570, end: 19_601 });
        let micros = 86_400_000_000;
        let span = Span { kind: RangeKind::Instant, start: 19_570 * micros, end: 19_601 * micros };
        assert_eq!(Month::of(RangeKind::Instant, 19_600 * micros + 1).span(RangeKind::Instant), span);
        assert_eq!(Month::of(RangeKind::Wall, -1).key(), "1969-12");
        for at in [i64::MIN, i64::MAX] {
            let span = Month::of(RangeKind::Instant, at).span(RangeKind::Instant);
            assert!(span.start < span.end, "{span:?}");
        }
    }

    #[test]
    fn long_span_is_limited_to_months_around_its_centre() {
        assert_eq!(window(Month(10), Month(12), Month(99)), 10..=12);
        assert_eq!(window(Month(0), Month(10_000), Month(5_000)), 4_700..=5_299);
        assert_eq!(window(Month(0), Month(10_000), Month(-5)), 0..=599);
        assert_eq!(window(Month(0), Month(10_000), Month(20_000)), 9_401..=10_000);
    }
}
