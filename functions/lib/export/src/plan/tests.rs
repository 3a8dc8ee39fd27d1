//! Tests of the plan: reuse of chunks, and tiling of the requested range.

use proptest::prelude::*;

use super::*;
use crate::catalog::{From, RangeColumn};
use crate::estimate::{DatasetEstimate, DayRange, Size};
use crate::id::Fingerprint;
use crate::range::{DAY_MICROS, Span};
use crate::selection::Selection;
use crate::state::ChunkState;

fn dataset_target(span: Option<Span>, settle_after_secs: Option<u64>, estimate: DatasetEstimate) -> Target {
    let range_column = span.map(|s| RangeColumn {
        name: "at".into(),
        kind: s.kind,
        time_zone: Some("UTC".into()),
        include_nulls: false,
    });
    let selection = Selection {
        dataset: "orders".into(),
        from: From::Relation { schema: "shop".into(), name: "orders".into() },
        range_column,
        settle_after_secs,
        ..Selection::example()
    };
    Target { selection, fingerprint: Fingerprint([1; 32]), span, hive: None, estimate }
}

fn policy(target_bytes: u64) -> Policy {
    Policy { target_bytes, max_chunks: 10_000, reuse: Reuse::Settled, now_micros: 20_000 * DAY_MICROS }
}

fn months(bytes: u64) -> DatasetEstimate {
    let keys = (0..60).map(|i| format!("{:04}-{:02}", 2022 + i / 12, 1 + i % 12));
    DatasetEstimate {
        months: keys.map(|k| (k, Size { rows: bytes / 100, bytes })).collect(),
        indexed: true,
        ..Default::default()
    }
}

fn candidate(range: Range, state: ChunkState, reusable: bool, id: u8) -> Candidate {
    Candidate {
        id: ChunkId::from_random([id; 16]),
        fingerprint: Fingerprint([1; 32]),
        range,
        state,
        reusable,
        as_of_micros: Some(0),
        rows: 1,
        bytes: 1,
        only_checked: false,
        has_check: false,
    }
}

fn only(plan: Result<Plan, TooManyChunks>) -> Vec<PlannedChunk> {
    plan.unwrap().datasets.remove(0).chunks
}

#[test]
fn dataset_without_an_index_is_one_chunk_with_a_note() {
    let span = Span { kind: RangeKind::Date, start: 19_600, end: 19_940 };
    let estimate = DatasetEstimate { indexed: false, ..months(1 << 30) };
    let plan = Plan::new(&[dataset_target(Some(span), None, estimate)], &[], &policy(1 << 20)).unwrap();
    assert_eq!(plan.datasets[0].chunks.len(), 1);
    assert!(plan.datasets[0].note.is_some());
}

#[test]
fn the_plan_cuts_at_the_last_settled_day() {
    let span = Span { kind: RangeKind::Date, start: 19_990, end: 20_010 };
    let chunks = only(Plan::new(&[dataset_target(Some(span), Some(3600), months(0))], &[], &policy(1 << 20)));
    let ends: Vec<_> = chunks.iter().map(|p| p.range.span().unwrap().end).collect();
    assert_eq!(ends, [19_999, 20_010]);
}

#[test]
fn only_settled_or_unread_chunks_are_reused() {
    let range = |a, b| Range::Span(Span { kind: RangeKind::Date, start: a, end: b });
    let span = Span { kind: RangeKind::Date, start: 0, end: 60 };
    let candidates = [
        candidate(range(0, 10), ChunkState::Done, true, 1),
        candidate(range(10, 20), ChunkState::Done, false, 2),
        candidate(range(20, 30), ChunkState::Due, false, 3),
        candidate(range(30, 40), ChunkState::Running, false, 4),
        candidate(range(40, 50), ChunkState::Dying, true, 5),
        candidate(range(50, 70), ChunkState::Done, true, 6),
    ];
    let reused = |reuse| {
        let chunks = only(Plan::new(
            &[dataset_target(Some(span), None, months(0))],
            &candidates,
            &Policy { reuse, ..policy(1) },
        ));
        chunks
            .iter()
            .filter(|p| p.reused.is_some())
            .map(|p| p.range.span().unwrap().start)
            .collect::<Vec<_>>()
    };
    assert_eq!(reused(Reuse::Settled), [0, 20]);
    assert_eq!(reused(Reuse::Never), [20]);
    assert_eq!(reused(Reuse::MaxAge(60)), [20]);
}

#[test]
fn too_many_chunks_are_refused() {
    let span = Span { kind: RangeKind::Date, start: 19_600, end: 19_940 };
    let mut small = dataset_target(Some(span), None, months(0));
    small.selection.dataset = "clients".into();
    let targets = [small, dataset_target(Some(span), None, months(1 << 40))];
    let error = Plan::new(&targets, &[], &Policy { max_chunks: 100, ..policy(1) }).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the export would have 341 chunks, 340 of them for orders; at most 100 are allowed"
    );
    assert_eq!(error.remedy(), "export orders by itself, and request fewer days of it at a time");
    let one = Plan::new(&targets[1..], &[], &Policy { max_chunks: 100, ..policy(1) }).unwrap_err();
    assert_eq!(one.remedy(), "request fewer days at a time, in several exports");
    let both = Plan::new(&targets, &[], &Policy { max_chunks: 340, ..policy(1) }).unwrap_err();
    assert!(both.remedy().starts_with("export orders by itself, or split"), "{}", both.remedy());
}

#[test]
fn a_hot_day_is_a_chunk_of_its_own() {
    let span = Span { kind: RangeKind::Date, start: 19_723, end: 19_754 };
    let mut estimate = DatasetEstimate { indexed: true, ..Default::default() };
    estimate.months.insert("2024-01".into(), Size { rows: 1000, bytes: 100_000 });
    let parts = [(1, 0), (10, 910), (11, 90)].map(|(day, rows)| DayRange { day, rows });
    estimate.uneven.insert("2024-01".into(), parts.into());
    let chunks = only(Plan::new(&[dataset_target(Some(span), None, estimate)], &[], &policy(10_000)));
    let found: Vec<_> = chunks.iter().map(|p| (p.range.span().unwrap().start - 19_722, p.bytes)).collect();
    assert_eq!(found, [(1, 0), (10, 91_000), (11, 9_000)]);
}

/// Makes months with days of any weight: none, some, one far above all others.
fn uneven(bytes: u64, weights: &[u64]) -> DatasetEstimate {
    let mut estimate = months(bytes);
    for (i, month) in estimate.months.keys().enumerate().filter(|(i, _)| i % 3 != 2) {
        let weight = |day: u8| weights[(usize::from(day) + i) % weights.len()];
        let parts = (1..=28).map(|day| DayRange { day, rows: weight(day) });
        estimate.uneven.insert(month.clone(), parts.collect());
    }
    estimate
}

proptest! {
    #[test]
    fn chunks_tile_the_requested_range(
        start in 19_000i64..19_900, length in 1i64..700, offset in 0i64..DAY_MICROS, instant: bool,
        bytes in 0u64..1_000_000, target in 1u64..100_000,
        there in proptest::collection::vec((18_900i64..20_000, 1i64..90, 0usize..4, any::<bool>()), 0..20),
        weights in proptest::collection::vec(prop_oneof![4 => 0u64..10, 1 => Just(0), 1 => 0u64..5_000], 1..28),
    ) {
        let (kind, unit, offset) = if instant { (RangeKind::Instant, DAY_MICROS, offset) } else { (RangeKind::Date, 1, 0) };
        let span = Span { kind, start: start * unit + offset, end: (start + length) * unit + offset / 2 + 1 };
        let states = [ChunkState::Due, ChunkState::Done, ChunkState::Running, ChunkState::Failed];
        let candidates: Vec<_> = there.iter().enumerate().map(|(i, (at, days, state, reusable))| {
            candidate(Range::Span(Span { kind, start: at * unit, end: (at + days) * unit }), states[*state], *reusable, i as u8)
        }).collect();
        let chunks = only(Plan::new(&[dataset_target(Some(span), Some(86_400), uneven(bytes, &weights))], &candidates, &policy(target)));
        let spans: Vec<_> = chunks.iter().map(|p| p.range.span().unwrap()).collect();
        prop_assert_eq!(spans[0].start, span.start);
        prop_assert_eq!(spans[spans.len() - 1].end, span.end);
        for pair in spans.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
        for (chunk, span) in chunks.iter().zip(&spans) {
            prop_assert!(span.start < span.end);
            let days = (span.end - 1).div_euclid(unit) - span.start.div_euclid(unit) + 1;
            prop_assert!(chunk.reused.is_some() || days == 1 || chunk.bytes <= 2 * target, "{} > 2 * {target}", chunk.bytes);
        }
    }
}

#[test]
fn what_was_read_before_is_checked_by_new_chunks_of_the_same_ranges() {
    let span = Span { kind: RangeKind::Date, start: 19_600, end: 19_640 };
    let part = |start, end| Range::Span(Span { kind: RangeKind::Date, start, end });
    let before = |range, id, as_of| Candidate {
        only_checked: true,
        as_of_micros: Some(as_of),
        ..candidate(range, ChunkState::Done, false, id)
    };
    let candidates = [
        // Superseded by two newer ones, of which one is reused.
        before(part(19_600, 19_630), 1, 10),
        before(part(19_610, 19_620), 2, 20),
        candidate(part(19_620, 19_630), ChunkState::Done, true, 3),
    ];
    let target = dataset_target(Some(span), None, months(1 << 30));
    let plan = |reuse| {
        let policy = Policy { reuse, ..policy(1 << 40) };
        only(Plan::new(std::slice::from_ref(&target), &candidates, &policy))
    };
    let chunks = plan(Reuse::Settled);
    let of = |chunk: &PlannedChunk| (chunk.range, chunk.reused.is_some(), chunk.checks);
    let id = |id: u8| Some(ChunkId::from_random([id; 16]));
    assert!(chunks.iter().map(of).any(|c| c == (part(19_610, 19_620), false, id(2))), "{chunks:?}");
    assert!(chunks.iter().map(of).any(|c| c == (part(19_620, 19_630), true, None)), "{chunks:?}");
    assert_eq!(chunks.iter().filter(|c| c.checks.is_some()).count(), 1);
    assert!(chunks.iter().all(|c| c.unread != c.reused.is_some()), "a check may have to read");
    assert!(plan(Reuse::Never).iter().all(|c| c.checks.is_none() && c.reused.is_none()));
}

#[test]
fn chunk_with_a_check_is_not_shared_by_a_request_that_reads_everything() {
    let waiting = Candidate { has_check: true, ..candidate(Range::All, ChunkState::Due, false, 1) };
    let target = dataset_target(None, None, months(1 << 30));
    let shared = |reuse| {
        let policy = Policy { reuse, ..policy(1 << 40) };
        only(Plan::new(std::slice::from_ref(&target), &[waiting], &policy))[0].reused.is_some()
    };
    assert!(shared(Reuse::Settled) && shared(Reuse::MaxAge(1)) && !shared(Reuse::Never));
}
