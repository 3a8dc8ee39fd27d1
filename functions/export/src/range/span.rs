//! A half-open span in one of three types.

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};

/// Microseconds of a civil day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// The type of a range column.
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
    /// The word the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Wall => "wall",
            Self::Instant => "instant",
        }
    }

    /// Units of the type in one civil day.
    pub fn day(self) -> i64 {
        match self {
            Self::Date => 1,
            Self::Wall | Self::Instant => DAY_MICROS,
        }
    }
}

/// A half-open span `[start, end)`; `start < end`.
///
/// Bounds count from 1970-01-01: days for `Date`, microseconds for the other two.
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

    /// Writes a bound the way PostgreSQL reads it, whatever its settings: `2024-01-31`,
    /// `2024-01-31 12:00:00.5`, `2024-01-31 12:00:00.5+00`.
    pub fn literal(&self, bound: i64) -> String {
        match self.kind {
            RangeKind::Date => civil_day(bound).to_string(),
            RangeKind::Wall => format_micros(bound, ' '),
            RangeKind::Instant => format!("{}+00", format_micros(bound, ' ')),
        }
    }

    /// Writes a bound for JSON: a date, a wall time, or RFC 3339 in UTC.
    pub fn text(&self, bound: i64) -> String {
        match self.kind {
            RangeKind::Date => civil_day(bound).to_string(),
            RangeKind::Wall => format_micros(bound, 'T'),
            RangeKind::Instant => format!("{}Z", format_micros(bound, 'T')),
        }
    }

    /// Splits into at most `parts` spans of nearly equal length that tile this one; fewer where a
    /// span of one unit cannot be divided.
    pub fn split(&self, parts: u32) -> Vec<Self> {
        let length = i128::from(self.end) - i128::from(self.start);
        let parts = i128::from(parts.max(1)).min(length);
        let cut = |i: i128| (i128::from(self.start) + length * i / parts) as i64;
        (0..parts).map(|i| Self { kind: self.kind, start: cut(i), end: cut(i + 1) }).collect()
    }
}

fn civil_day(days: i64) -> Date {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.saturating_add(jiff::Span::new().days(days.clamp(-4_000_000, 4_000_000)))
}

/// Writes microseconds since 1970 as a civil date and time with `separator` between them; the
/// fraction is left out when zero and carries no trailing zeros otherwise.
pub fn format_micros(micros: i64, separator: char) -> String {
    let at: DateTime = civil_day(micros.div_euclid(DAY_MICROS)).at(0, 0, 0, 0);
    let in_day = micros.rem_euclid(DAY_MICROS);
    let (secs, fraction) = (in_day / 1_000_000, in_day % 1_000_000);
    let mut text =
        format!("{}{separator}{:02}:{:02}:{:02}", at.date(), secs / 3600, secs / 60 % 60, secs % 60);
    if fraction != 0 {
        text.push_str(format!(".{fraction:06}").trim_end_matches('0'));
    }
    text
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

    proptest! {
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
