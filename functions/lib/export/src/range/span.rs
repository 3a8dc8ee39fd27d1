//! Half-open span in one of three types.

use serde::{Deserialize, Serialize};

use super::civil::civil;

/// Microseconds of a civil day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Type of a range column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RangeKind {
    /// `date`: days.
    Date,
    /// `timestamp`: microseconds of wall time.
    Wall,
    /// `timestamptz`: microseconds of UTC.
    Instant,
}

impl RangeKind {
    /// Returns the word that the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Wall => "wall",
            Self::Instant => "instant",
        }
    }

    /// Returns the units of the type in one civil day.
    pub fn day(self) -> i64 {
        match self {
            Self::Date => 1,
            Self::Wall | Self::Instant => DAY_MICROS,
        }
    }
}

/// Half-open span `[start, end)`; `start < end`.
///
/// Bounds count from 1970-01-01: days for `Date`, microseconds for the other two. A bound may be open: then the span
/// holds everything on that side, infinite values included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// Type of both bounds.
    pub kind: RangeKind,
    /// First value in the span.
    pub start: i64,
    /// First value after the span.
    pub end: i64,
}

impl Span {
    /// Makes a span; `None` if it would be empty.
    pub fn new(kind: RangeKind, start: i64, end: i64) -> Option<Self> {
        (start < end).then_some(Self { kind, start, end })
    }

    /// Value of `start` if there is no first value.
    pub const OPEN_START: i64 = i64::MIN;
    /// Value of `end` if no value is after the span.
    pub const OPEN_END: i64 = i64::MAX;

    /// Returns the first value, unless the start is open.
    pub fn first(&self) -> Option<i64> {
        (self.start != Self::OPEN_START).then_some(self.start)
    }

    /// Returns the first value after the span, unless the end is open.
    pub fn after(&self) -> Option<i64> {
        (self.end != Self::OPEN_END).then_some(self.end)
    }

    /// Writes a bound in a form that PostgreSQL reads with any settings: `2024-01-31`, `2024-01-31 12:00:00.5`,
    /// `2024-01-31 12:00:00.5+00`.
    pub fn literal(&self, bound: i64) -> String {
        let day = bound.div_euclid(self.kind.day());
        // There is no year 0 in this spelling: the year before 1 is 1 BC.
        let (year, month, in_month) = civil(day);
        let era = if year < 1 { " BC" } else { "" };
        let date = format!("{:04}-{month:02}-{in_month:02}", if year < 1 { 1 - year } else { year });
        match self.kind {
            RangeKind::Date => format!("{date}{era}"),
            RangeKind::Wall => format!("{date} {}{era}", time(bound)),
            RangeKind::Instant => format!("{date} {}+00{era}", time(bound)),
        }
    }

    /// Writes a bound for JSON: a date, a wall time, or RFC 3339 in UTC.
    pub fn text(&self, bound: i64) -> String {
        match self.kind {
            RangeKind::Date => date(bound),
            RangeKind::Wall => format_micros(bound, 'T'),
            RangeKind::Instant => format!("{}Z", format_micros(bound, 'T')),
        }
    }

    /// Splits into at most `parts` spans of nearly equal length that tile this one; fewer if a span of one unit
    /// cannot be divided. The distribution of rows towards an open end is unknown: the likely part is divided, and
    /// the rest is one more part, which is divided later if necessary.
    pub fn split(&self, parts: u32) -> Vec<Self> {
        let (low, high) = self.likely();
        let length = i128::from(high) - i128::from(low);
        let open = i128::from(self.first().is_none()) + i128::from(self.after().is_none());
        let inner = (i128::from(parts) - open).max(1).min(length);
        let mut bounds = vec![self.start, low];
        bounds.extend((1..inner).map(|i| (i128::from(low) + length * i / inner) as i64));
        bounds.extend([high, self.end]);
        bounds.dedup();
        bounds.windows(2).map(|pair| Self { kind: self.kind, start: pair[0], end: pair[1] }).collect()
    }

    /// Returns the finite part that is divided first: the decades around now, then the years from 1 to 9999, then
    /// nothing.
    fn likely(&self) -> (i64, i64) {
        let at = |day: i64| day * self.kind.day();
        let low = match self.first() {
            Some(start) => start,
            None if self.end > at(RECENT.0) => at(RECENT.0),
            None => self.end.min(at(EVER.0)),
        };
        let high = match self.after() {
            Some(end) => end,
            None if low < at(RECENT.1) => at(RECENT.1),
            None => low.max(at(EVER.1)),
        };
        (low, high)
    }
}

/// 1990-01-01 and 2054-01-01, in days since 1970.
const RECENT: (i64, i64) = (7_305, 30_681);
/// 0001-01-01 and 9999-12-31, in days since 1970: the first day of the calendar, and the day used for "no end".
const EVER: (i64, i64) = (-719_162, 2_932_896);

fn date(days: i64) -> String {
    let (year, month, day) = civil(days);
    let sign = if year < 0 { "-" } else { "" };
    format!("{sign}{:04}-{month:02}-{day:02}", year.abs())
}

/// Writes the time of day; the fraction is left out when zero and has no trailing zeros otherwise.
fn time(micros: i64) -> String {
    let in_day = micros.rem_euclid(DAY_MICROS);
    let (secs, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
    let mut text = format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60);
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text
}

/// Writes microseconds since 1970 as a civil date and time with `separator` between them.
pub fn format_micros(micros: i64, separator: char) -> String {
    format!("{}{separator}{}", date(micros.div_euclid(DAY_MICROS)), time(micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_are_written_as_postgresql_reads_them() {
        let span = |kind| Span { kind, start: 0, end: 1 };
        assert_eq!(span(RangeKind::Date).literal(19_600), "2023-08-31");
        assert_eq!(span(RangeKind::Wall).literal(1_500_000), "1970-01-01 00:00:01.5");
        assert_eq!(span(RangeKind::Instant).literal(-1), "1969-12-31 23:59:59.999999+00");
        assert_eq!(span(RangeKind::Instant).text(0), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn open_span_is_split_where_rows_are_likely() {
        let of = |start, end| Span { kind: RangeKind::Date, start, end };
        let texts = |span: Span, parts| {
            let bounds = span.split(parts).into_iter().filter_map(|s| s.after().map(|at| s.text(at)));
            bounds.collect::<Vec<_>>()
        };
        let of_both = ["1990-01-01", "2022-01-01", "2054-01-01"];
        assert_eq!(texts(of(Span::OPEN_START, Span::OPEN_END), 4), of_both);
        assert_eq!(texts(of(Span::OPEN_START, 19_723), 3), ["1990-01-01", "2007-01-01", "2024-01-01"]);
        assert_eq!(texts(of(19_723, Span::OPEN_END), 2), ["2054-01-01"]);
        assert_eq!(texts(of(RECENT.1, Span::OPEN_END), 2), ["9999-12-31"]);
        assert_eq!(texts(of(Span::OPEN_START, RECENT.0), 2), ["0001-01-01", "1990-01-01"]);
        // Nothing is left to divide after the last day of `EVER` or before its first.
        assert_eq!(of(EVER.1, Span::OPEN_END).split(9).len(), 1);
        assert_eq!(of(Span::OPEN_START, EVER.0).split(9).len(), 1);
    }

    proptest! {
        #[test]
        fn repeated_splits_of_an_open_span_tile_and_end(
            start in prop_oneof![Just(Span::OPEN_START), -800_000i64..2_932_897], length in proptest::option::of(1i64..4_000_000),
            parts in 2u32..70, towards_end: bool, kind in prop_oneof![Just(RangeKind::Date), Just(RangeKind::Wall)],
        ) {
            let end = length.map_or(Span::OPEN_END, |length| (start.max(-800_000) + length) * kind.day());
            let start = if start == Span::OPEN_START { start } else { start * kind.day() };
            let mut span = Span { kind, start, end };
            // Repeated division of the outermost part must end.
            for round in 0.. {
                let parts = span.split(parts);
                prop_assert_eq!((parts[0].start, parts[parts.len() - 1].end), (span.start, span.end));
                prop_assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
                prop_assert!(parts.iter().all(|p| p.start < p.end));
                if parts.len() == 1 {
                    break;
                }
                prop_assert!(round < 80);
                span = parts[if towards_end { parts.len() - 1 } else { 0 }];
            }
        }

        #[test]
        fn a_split_tiles_its_span(start in -1_000_000_000i64..1_000_000_000, length in 1i64..5_000_000, parts in 1u32..70) {
            let span = Span { kind: RangeKind::Instant, start, end: start + length };
            let parts = span.split(parts);
            prop_assert_eq!(parts[0].start, span.start);
            prop_assert_eq!(parts[parts.len() - 1].end, span.end);
            for pair in parts.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            prop_assert!(parts.iter().all(|p| p.start < p.end));
        }
    }
}
