//! Layout of files in folders, as programs read it that expect partitions in the manner of Hive:
//! `orders/month=2024-03/part-….parquet`.
//!
//! A file belongs to one partition, so the chunks of such an export end at the borders of partitions. A chunk in which
//! no rows are expected may have several; if it has rows, it is cut at their borders when it is read, so the number of
//! chunks depends on the data and not on the calendar.

use serde::{Deserialize, Serialize};

use crate::range::{Range, RangeKind, Span, civil, days_since_epoch};

/// Text that Hive, Spark, Athena and DuckDB read as a partition value of NULL.
pub const DEFAULT_PARTITION: &str = "__HIVE_DEFAULT_PARTITION__";

/// Layout of one dataset below the folder of its name. Partitions are calendar days, months or years of the range
/// column as it is stored; those of a `timestamptz` column are in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Hive {
    /// No partitions: a dataset without a range column or an index on it, or a sample.
    Whole,
    /// A partition for each day.
    Day,
    /// A partition for each month.
    Month,
    /// A partition for each year.
    Year,
}

/// 0001-01-01 and 9999-12-31, in days since 1970. Values outside of these, and infinite ones, have no partition of
/// their own.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

impl Hive {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::Whole, Self::Day, Self::Month, Self::Year];

    /// Returns the word that the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// Returns the layout of a word that the store keeps.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hive| hive.as_str() == word)
    }

    /// Returns the name of the partition column; `None` if there are no partitions.
    pub fn key(self) -> Option<&'static str> {
        match self {
            Self::Whole => None,
            Self::Day => Some("date"),
            Self::Month => Some("month"),
            Self::Year => Some("year"),
        }
    }

    /// Returns true if rows of the span belong to different partitions.
    pub fn is_several(self, span: &Span) -> bool {
        self.key().is_some() && self.partition(span.kind, span.start) != self.partition(span.kind, last(span))
    }

    /// Returns the bounds inside of `span` of the partition in which `value` lies: a bound at an end of the span is left
    /// out.
    pub fn borders(self, span: &Span, value: i64) -> impl Iterator<Item = i64> {
        let number = self.partition(span.kind, value);
        let bounds = [self.start(span.kind, number), self.start(span.kind, number.saturating_add(1))];
        let (start, end) = (span.start, span.end);
        bounds.into_iter().filter(move |at| start < *at && *at < end)
    }

    /// Cuts a span at borders of partitions into at most `parts` spans with about equally many partitions each. Repeated
    /// cuts reach single partitions. One span if it has a single partition.
    pub fn cut(self, span: &Span, parts: u32) -> Vec<Span> {
        let (first, after) =
            (self.partition(span.kind, span.start), self.partition(span.kind, last(span)) + 1);
        let parts = i64::from(parts).clamp(1, after - first);
        let mut bounds = vec![span.start];
        bounds.extend((1..parts).map(|i| self.start(span.kind, first + (after - first) * i / parts)));
        bounds.push(span.end);
        bounds.windows(2).filter_map(|pair| Span::new(span.kind, pair[0], pair[1])).collect()
    }

    /// Returns the folder of a partition, `month=2024-03`; `None` if there are no partitions. Rows whose value is NULL,
    /// infinite or outside of the years 1 to 9999 are in the default partition.
    pub(crate) fn folder(self, range: &Range) -> Option<String> {
        let key = self.key()?;
        let named = |span: Span| {
            let number = self.partition(span.kind, span.start);
            if self.is_several(&span) || number < self.number(FIRST_DAY) || number > self.number(LAST_DAY) {
                return None;
            }
            let (year, month, day) = civil(span.start.div_euclid(span.kind.day()));
            Some(match self {
                Self::Year => format!("{year:04}"),
                Self::Month => format!("{year:04}-{month:02}"),
                _ => format!("{year:04}-{month:02}-{day:02}"),
            })
        };
        let value = range.span().and_then(named).unwrap_or_else(|| DEFAULT_PARTITION.to_owned());
        Some(format!("{key}={value}"))
    }

    /// Returns the number of the partition of a value. Partitions are numbered without gaps; all values before the year 1
    /// have one number, and all after 9999.
    fn partition(self, kind: RangeKind, value: i64) -> i64 {
        let day = value.div_euclid(kind.day());
        if day < FIRST_DAY {
            self.number(FIRST_DAY) - 1
        } else if day > LAST_DAY {
            self.number(LAST_DAY) + 1
        } else {
            self.number(day)
        }
    }

    /// Returns the number of the partition of a day of the years 1 to 9999.
    fn number(self, day: i64) -> i64 {
        let (year, month, _) = civil(day);
        match self {
            Self::Whole => 0,
            Self::Day => day,
            Self::Month => year * 12 + month - 1,
            Self::Year => year,
        }
    }

    /// Returns the first value of a partition; the first one has none.
    fn start(self, kind: RangeKind, number: i64) -> i64 {
        if number < self.number(FIRST_DAY) {
            return Span::OPEN_START;
        }
        let beyond = number - self.number(LAST_DAY);
        if beyond > 1 {
            return Span::OPEN_END;
        }
        let day = match self {
            _ if beyond == 1 => LAST_DAY + 1,
            Self::Whole | Self::Day => number,
            Self::Month => first_of(number.div_euclid(12), number.rem_euclid(12) + 1),
            Self::Year => first_of(number, 1),
        };
        day * kind.day()
    }
}

/// Returns the last value of a span.
fn last(span: &Span) -> i64 {
    span.after().map_or(Span::OPEN_END, |after| after - 1)
}

/// Returns the days from 1970-01-01 to the first day of a month of the years 1 to 9999.
fn first_of(year: i64, month: i64) -> i64 {
    let date = jiff::civil::Date::new(year as i16, month as i8, 1);
    date.map_or(LAST_DAY + 1, days_since_epoch)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::range::DAY_MICROS;

    prop_compose! {
        fn span()(
            kind in prop_oneof![Just(RangeKind::Date), Just(RangeKind::Wall), Just(RangeKind::Instant)],
            first in prop_oneof![Just(None), (-800_000i64..3_000_000).prop_map(Some), (19_000i64..20_000).prop_map(Some)],
            length in proptest::option::of(prop_oneof![1i64..100, 1i64..4_000_000]), offset in 0..DAY_MICROS,
        ) -> Span {
            let unit = kind.day();
            let start = first.map_or(Span::OPEN_START, |day| day * unit + offset % unit);
            let end = length.map_or(Span::OPEN_END, |days| (first.unwrap_or(0) + days) * unit + offset / 2 % unit);
            if start < end { Span { kind, start, end } } else { Span { kind, start, end: start + 1 } }
        }
    }

    proptest! {
        #[test]
        fn repeated_cuts_tile_and_reach_single_partitions(
            span in span(), hive in prop_oneof![Just(Hive::Day), Just(Hive::Month), Just(Hive::Year)], parts in 2u32..70,
            choice in any::<u32>(),
        ) {
            let mut at = span;
            for round in 0.. {
                let cut = hive.cut(&at, parts);
                prop_assert_eq!((cut[0].start, cut[cut.len() - 1].end), (at.start, at.end));
                prop_assert!(cut.windows(2).all(|pair| pair[0].end == pair[1].start));
                // Every cut is a border: the values on both sides of it belong to different partitions.
                let inner = cut.windows(2).map(|pair| pair[0].end);
                for border in inner {
                    prop_assert!(hive.partition(at.kind, border - 1) + 1 == hive.partition(at.kind, border));
                }
                prop_assert_eq!(cut.len() > 1, hive.is_several(&at));
                if cut.len() == 1 {
                    break;
                }
                prop_assert!(cut.len() <= parts as usize && round < 24);
                at = cut[choice as usize % cut.len()];
            }
        }

        #[test]
        fn borders_enclose_the_partition_of_a_value(
            day in -700_000i64..2_900_000, kind in prop_oneof![Just(RangeKind::Date), Just(RangeKind::Instant)],
            hive in prop_oneof![Just(Hive::Day), Just(Hive::Month), Just(Hive::Year)],
        ) {
            let value = day * kind.day();
            let span = Span { kind, start: Span::OPEN_START, end: Span::OPEN_END };
            let borders: Vec<_> = hive.borders(&span, value).collect();
            prop_assert_eq!(borders.len(), 2);
            prop_assert!(borders[0] <= value && value < borders[1]);
            let inside = Span { kind, start: borders[0], end: borders[1] };
            prop_assert!(!hive.is_several(&inside));
            let wider = Span { start: inside.start - 1, ..inside };
            prop_assert!(hive.is_several(&wider));
            prop_assert!(hive.borders(&inside, value).next().is_none());
        }
    }
}
