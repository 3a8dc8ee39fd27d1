//! Tests of sizes: unknown sizes stay unknown, bounds are bounds, and neither depends on rows of other tenants.

use super::*;
use crate::format::Output;
use crate::id::{ChunkId, Fingerprint};
use crate::range::{RangeKind, Span};
use crate::selection::{Predicate, Selection, Test};

const TOTAL: Size = Size { rows: 1000, bytes: 50_000 };

fn span(start: i64, end: i64) -> Span {
    Span { kind: RangeKind::Date, start, end }
}

fn target(months: usize, tenant: bool) -> Target {
    let selection: Selection = serde_json::from_value(serde_json::json!({
        "dataset": "late", "from": {"query": "select"}, "columns": [], "rangeColumn": null,
        "tenantColumn": tenant.then_some("account"), "predicates": [], "order": [], "settleAfterSecs": null,
        "epoch": 1, "output": Output::default(),
    }))
    .unwrap();
    let months = (0..months).map(|i| (format!("{:04}-{:02}", 1950 + i / 12, i % 12 + 1), Size::default()));
    let estimate = DatasetEstimate { total: TOTAL, months: months.collect(), ..Default::default() };
    let fingerprint = Fingerprint([0; 32]);
    Target { selection, fingerprint, span: Some(span(0, 100)), hive: None, estimate }
}

fn chunk(range: Range, rows: u64, reused: bool, unread: bool) -> PlannedChunk {
    let reused = reused.then(|| ChunkId::from_random([1; 16]));
    PlannedChunk { range, reused, checks: None, unread, rows, bytes: rows * 50 }
}

fn new(start: i64, end: i64, rows: u64) -> PlannedChunk {
    chunk(Range::Span(span(start, end)), rows, false, true)
}

fn plan(chunks: Vec<PlannedChunk>) -> DatasetPlan {
    DatasetPlan { dataset: "late".into(), chunks, note: None }
}

fn of(chunks: Vec<PlannedChunk>, target: &Target) -> Sizes {
    Sizes::of(&plan(chunks), target, &Own::default())
}

fn rows(sizes: &Sizes) -> Option<u64> {
    sizes.all.map(|size| size.rows)
}

#[test]
fn without_months_the_dataset_size_is_the_upper_bound() {
    for months in [0, 600] {
        let sizes = of(vec![new(0, 50, 0), new(50, 100, 0)], &target(months, false));
        assert_eq!((rows(&sizes), sizes.at_most), (Some(1000), true), "{months}");
        assert_eq!(sizes.new, Some(Workload { chunks: 2, bytes: 50_000 }));
        assert!(sizes.note.unwrap().contains("upper bound"));
    }
}

#[test]
fn open_ranges_have_no_proportional_estimate() {
    let spans = Past { chunks: 4, rows: 40, bytes: 400, units: 100.0 };
    let own = Own { spans, ..Own::default() };
    assert_eq!(own.expects(&Range::Span(span(0, 10))), Some(Size { rows: 4, bytes: 40 }));
    for open in [span(Span::OPEN_START, 10), span(0, Span::OPEN_END)] {
        assert_eq!(own.expects(&Range::Span(open)), None);
    }
    let most = Size { rows: u64::MAX, bytes: u64::MAX };
    assert_eq!(most + most, most);
}

#[test]
fn estimates_do_not_exceed_the_whole_dataset() {
    let sizes = of(vec![new(0, 50, 3000), new(50, 100, 1000)], &target(12, false));
    assert_eq!((rows(&sizes), sizes.at_most), (Some(1000), false));
    assert_eq!(sizes.new.unwrap().bytes, 50_000);
    assert_eq!(sizes.largest, 37_500);
    // Counted chunks are not limited by the estimate.
    let counted = chunk(Range::Span(span(0, 50)), 5000, true, false);
    assert_eq!(rows(&of(vec![counted, new(50, 100, 10)], &target(12, false))), Some(5000));
}

#[test]
fn sizes_without_an_estimate_are_unknown() {
    let mut target = target(0, false);
    target.estimate = DatasetEstimate::default();
    let sizes = of(vec![new(0, 100, 0)], &target);
    assert_eq!((sizes.all, sizes.new, sizes.unread), (None, None, None));
    assert!(sizes.note.unwrap().contains("unknown"));
    // All chunks are already read, so the size is counted.
    let counted = chunk(Range::Span(span(0, 100)), 7, true, false);
    assert_eq!(rows(&of(vec![counted], &target)), Some(7));
}

#[test]
fn filters_make_an_estimate_an_upper_bound() {
    let mut target = target(12, false);
    target.selection.predicates = vec![Predicate { column: "a".into(), test: Test::IsNull, by: None }];
    let sizes = of(vec![new(0, 100, 70)], &target);
    assert_eq!((rows(&sizes), sizes.at_most), (Some(70), true));
}

#[test]
fn tenant_forecast_uses_only_its_own_data() {
    let target = target(12, true);
    let sizes = of(vec![new(0, 100, 700)], &target);
    assert_eq!((sizes.all, sizes.new, sizes.largest), (None, None, 0));
    // The result is the same for any estimate of the planner.
    assert_eq!(sizes, of(vec![new(0, 100, 9)], &target));
    let own = Own {
        spans: Past { chunks: 2, rows: 300, bytes: 3000, units: 30.0 },
        nulls: Past { chunks: 2, rows: 5, bytes: 50, units: 0.0 },
        ..Own::default()
    };
    let chunks = || vec![new(0, 10, 700), chunk(Range::Null, 70, false, true)];
    let sizes = Sizes::of(&plan(chunks()), &target, &own);
    assert_eq!((rows(&sizes), sizes.unread.unwrap().bytes), (Some(103), 1025));
    // A chunk shared with a waiting export is planned by the average too.
    let waiting = chunk(Range::Span(span(10, 20)), 700, true, true);
    let sizes = Sizes::of(&plan(vec![new(0, 10, 700), waiting]), &target, &own);
    assert_eq!((rows(&sizes), sizes.new.unwrap().bytes, sizes.shared.bytes), (Some(200), 1000, 1000));
    assert_eq!(of(vec![chunk(Range::All, 1, false, true)], &target).all, None);
}
