//! Tests of cutting: the steps follow the data, and the chunks equal those of a walk over every day.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::estimate::DayRange;
use crate::range::{Bound, Bounds, DAY_MICROS, RangeKind};

/// Returns the widest span: from the first to the last day that a request may name.
fn widest(kind: RangeKind) -> Span {
    let day = |text| Bound::parse(text).unwrap();
    let bounds = Bounds { start: day("0001-01-02"), end: day("9998-12-30"), zone: TimeZone::UTC };
    bounds.span(kind, &TimeZone::UTC).unwrap()
}

fn months(first_year: usize, sizes: &[u64]) -> DatasetEstimate {
    let month = |(i, bytes): (usize, &u64)| {
        (format!("{:04}-{:02}", first_year + i / 12, 1 + i % 12), Size { rows: bytes / 50, bytes: *bytes })
    };
    DatasetEstimate {
        months: sizes.iter().enumerate().map(month).collect(),
        indexed: true,
        ..Default::default()
    }
}

#[test]
fn steps_depend_on_data_not_on_range_length() {
    for kind in [RangeKind::Date, RangeKind::Wall, RangeKind::Instant] {
        let mut estimate = months(2023, &[1 << 30; 12]);
        estimate.months.insert("2024-03".into(), Size { rows: 1, bytes: 80 });
        estimate.months.insert("2030-07".into(), Size::default());
        let found = steps(widest(kind), &estimate);
        // The days of twelve months and of March, and the stretches before, between and after them.
        assert_eq!(found.len(), 365 + 31 + 3);
        assert_eq!(steps(widest(kind), &DatasetEstimate::default()).len(), 1);
        assert_eq!(found.iter().map(|step| step.bytes).sum::<f64>().round() as u64, (12 << 30) + 80);
    }
}

#[test]
fn thousand_unbounded_datasets_are_cut_quickly() {
    // 84 datasets must take less than 10 ms and 1,000 less than 100 ms when optimised. The build and the machine of
    // this test are not, so its limit is far higher; a walk over every day took more than an hour.
    let estimate = months(2023, &[1 << 30; 12]);
    let span = widest(RangeKind::Instant);
    let began = Instant::now();
    let chunks: usize = (0..1000).map(|_| cut(span, &estimate, 256 << 20, None, None).len()).sum();
    assert!(chunks >= 40_000, "{chunks}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

/// Computes the same cut by a walk over every day of the span.
fn day_by_day(span: Span, estimate: &DatasetEstimate, target_bytes: u64) -> Vec<PlannedChunk> {
    let unit = span.kind.day();
    let mut days = Vec::new();
    let mut at = span.start;
    while at < span.end {
        let day = at.div_euclid(unit);
        let end = ((day + 1) * unit).min(span.end);
        let first = date(1970, 1, 1).saturating_add(day.days()).first_of_month();
        let key = month_key(first);
        let size = estimate.months.get(&key).copied().unwrap_or_default();
        let shares = estimate.shares(&key, first.days_in_month() as usize);
        let share = shares[(day - crate::range::days_since_epoch(first)) as usize];
        let part = (end - at) as f64 / unit as f64;
        days.push((at, size.rows as f64 * share * part, size.bytes as f64 * share * part));
        at = end;
    }
    let total: f64 = days.iter().map(|day| day.2).sum();
    let share = total / (total / target_bytes.max(1) as f64 - 0.25).ceil().max(1.0);
    let (mut start, mut rows, mut bytes) = (span.start, 0.0, 0.0);
    let mut chunks = Vec::new();
    for day in days {
        let full = bytes > 0.0 && bytes + day.2 / 2.0 > share;
        if day.0 > start && (full || bytes + day.2 > MAX_TARGETS * target_bytes as f64) {
            chunks.extend(Span::new(span.kind, start, day.0).map(|s| chunk(s, rows, bytes)));
            (start, rows, bytes) = (day.0, 0.0, 0.0);
        }
        rows += day.1;
        bytes += day.2;
    }
    chunks.extend(Span::new(span.kind, start, span.end).map(|s| chunk(s, rows, bytes)));
    chunks
}

proptest! {
    #[test]
    fn pieces_equal_those_of_a_daily_walk(
        start in 18_900i64..20_400, days in 1i64..731, offset in 0..DAY_MICROS, kind in 0usize..3,
        sizes in proptest::collection::vec(prop_oneof![2 => Just(0u64), 1 => 1..1_000u64, 3 => 1..9_000_000u64], 0..40),
        weights in proptest::collection::vec(prop_oneof![1 => 0u64..10, 1 => Just(0)], 1..28),
        target in prop_oneof![1..1_000u64, 1_000..3_000_000u64],
    ) {
        let kind = [RangeKind::Date, RangeKind::Wall, RangeKind::Instant][kind];
        let (unit, offset) = if kind == RangeKind::Date { (1, 0) } else { (DAY_MICROS, offset) };
        let span = Span { kind, start: start * unit + offset, end: (start + days) * unit + offset / 2 + 1 };
        let mut estimate = months(2022, &sizes);
        for (i, month) in estimate.months.keys().enumerate().filter(|(i, _)| i % 3 == 1) {
            let weight = |day: u8| weights[(usize::from(day) + i) % weights.len()];
            estimate.uneven.insert(month.clone(), (1..=28).map(|day| DayRange { day, rows: weight(day) }).collect());
        }
        prop_assert_eq!(cut(span, &estimate, target, None, None), day_by_day(span, &estimate, target));
    }
}
