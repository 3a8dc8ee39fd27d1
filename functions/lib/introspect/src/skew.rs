//! Distribution of rows within a month. Chunks are cut at day boundaries, so skewed weeks must be found.

use std::collections::BTreeMap;

use export::catalog::RangeColumn;
use export::estimate::{DayRange, Size};
use export::range::Span;

use super::explain_sql::Ask;
use super::months::Month;
use source::{Inspector, SourceError};

/// Size below which the distribution of rows within a month does not matter, because it is small compared with a
/// chunk.
const HEAVY_BYTES: u64 = 4 << 20;

/// Factor by which the rows per day of weeks must differ for the days to be estimated individually. A day hidden in
/// an even week has at most about four times the rows of its neighbours, which makes no chunk too large.
const UNEVEN: f64 = 1.5;

/// Maximum number of queries about one dataset, each of about a millisecond; the heaviest months come first.
const MAX_QUERIES: usize = 400;

/// First days of the weeks of a month.
const WEEKS: [u8; 5] = [1, 8, 15, 22, 29];

/// Estimates heavy months in parts, and adds the day on which the data of the first and last month begins and ends.
pub(super) async fn find(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    range: &RangeColumn,
    months: &BTreeMap<String, Size>,
    (first, last): (i64, i64),
) -> Result<BTreeMap<String, Vec<DayRange>>, SourceError> {
    let mut uneven = BTreeMap::new();
    let ends = [Month::of(range.kind, first), Month::of(range.kind, last)];
    for month in ends.into_iter().filter(|month| months.contains_key(&month.key())) {
        uneven.extend(clipped(range, month, first, last).map(|parts| (month.key(), parts)));
    }
    let mut heavy: Vec<_> = (ends[0].0..=ends[1].0)
        .map(Month)
        .filter_map(|month| Some((months.get(&month.key())?.bytes, month)))
        .filter(|(bytes, _)| *bytes >= HEAVY_BYTES)
        .collect();
    heavy.sort_by_key(|(bytes, month)| (std::cmp::Reverse(*bytes), *month));
    let mut questions = 0;
    for (_, month) in heavy {
        if questions + WEEKS.len() > MAX_QUERIES {
            break;
        }
        let span = month.span(range.kind);
        let length = u8::try_from((span.end - span.start) / range.kind.day()).unwrap_or(31);
        let weeks: Vec<u8> = WEEKS.into_iter().filter(|day| *day <= length).collect();
        let parts = asked(inspector, ask, range, span, &weeks).await?;
        questions += weeks.len();
        if !is_uneven(&parts, length) || questions + usize::from(length) > MAX_QUERIES {
            continue;
        }
        let days: Vec<u8> = (1..=length).collect();
        uneven.insert(month.key(), asked(inspector, ask, range, span, &days).await?);
        questions += days.len();
    }
    Ok(uneven)
}

/// Returns the parts of a month inside of which the data begins or ends: no rows before, no rows after.
fn clipped(range: &RangeColumn, month: Month, first: i64, last: i64) -> Option<Vec<DayRange>> {
    let (span, unit) = (month.span(range.kind), range.kind.day());
    let day_of = |at: i64| u8::try_from(at.div_euclid(unit) - span.start.div_euclid(unit) + 1).ok();
    let mut parts = vec![DayRange { day: 1, rows: 1 }];
    if first >= span.start + unit && first < span.end {
        parts = vec![DayRange { day: 1, rows: 0 }, DayRange { day: day_of(first)?, rows: 1 }];
    }
    if last >= span.start && last < span.end - unit {
        parts.push(DayRange { day: day_of(last)? + 1, rows: 0 });
    }
    (parts.len() > 1).then_some(parts)
}

/// Estimates the rows of parts of a month, which begin at these days.
async fn asked(
    inspector: &mut Inspector,
    ask: &Ask<'_>,
    range: &RangeColumn,
    month: Span,
    days: &[u8],
) -> Result<Vec<DayRange>, SourceError> {
    let at = |day: u8| month.start + i64::from(day - 1) * range.kind.day();
    let mut parts = Vec::with_capacity(days.len());
    for (i, day) in days.iter().enumerate() {
        let end = days.get(i + 1).map_or(month.end, |next| at(*next));
        let span = Span { kind: range.kind, start: at(*day), end };
        let rows = inspector.explain(&ask.select(&ask.within(range, span))).await?.rows;
        // The planner never estimates zero rows.
        let rows = if rows <= 1.0 { 0 } else { rows as u64 };
        parts.push(DayRange { day: *day, rows });
    }
    Ok(parts)
}

/// Reports whether the parts of a month of `length` days differ in their rows per day.
fn is_uneven(parts: &[DayRange], length: u8) -> bool {
    let a_day = |(i, part): (usize, &DayRange)| {
        let end = parts.get(i + 1).map_or(length + 1, |next| next.day);
        part.rows as f64 / f64::from((end - part.day).max(1))
    };
    let days: Vec<f64> = parts.iter().enumerate().map(a_day).collect();
    let (least, most) = days.iter().fold((f64::MAX, 0.0_f64), |(l, m), d| (l.min(*d), m.max(*d)));
    most > UNEVEN * least
}

#[cfg(test)]
mod tests {
    use export::range::RangeKind;

    use super::*;

    fn parts(list: &[(u8, u64)]) -> Vec<DayRange> {
        list.iter().map(|(day, rows)| DayRange { day: *day, rows: *rows }).collect()
    }

    #[test]
    fn the_first_and_last_month_are_clipped() {
        let range = RangeColumn {
            name: "at".into(),
            kind: RangeKind::Date,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        };
        // 2023-08-21 to 2023-09-14.
        let of = |month: i64| clipped(&range, Month::of(RangeKind::Date, month), 19_590, 19_614);
        assert_eq!(of(19_590), Some(parts(&[(1, 0), (21, 1)])));
        assert_eq!(of(19_614), Some(parts(&[(1, 1), (15, 0)])));
        let one = clipped(&range, Month::of(RangeKind::Date, 19_600), 19_590, 19_600);
        assert_eq!(one, Some(parts(&[(1, 0), (21, 1)])));
        let within = clipped(&range, Month::of(RangeKind::Date, 19_590), 19_590, 19_592);
        assert_eq!(within, Some(parts(&[(1, 0), (21, 1), (24, 0)])));
    }

    #[test]
    fn short_last_week_is_not_uneven() {
        assert!(!is_uneven(&parts(&[(1, 70), (8, 75), (15, 70), (22, 80), (29, 30)]), 31));
        assert!(is_uneven(&parts(&[(1, 70), (8, 700), (15, 70), (22, 80)]), 28));
        assert!(is_uneven(&parts(&[(1, 0), (8, 700), (15, 700), (22, 700)]), 28));
        assert!(!is_uneven(&parts(&[(1, 0), (8, 0)]), 28));
    }
}
