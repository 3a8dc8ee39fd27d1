//! Tests of the plan: what is reused, and that chunks tile what is wanted.

use proptest::prelude::*;

use super::*;
use crate::catalog::{From, RangeColumn};
use crate::chunk::ChunkState;
use crate::estimate::{DatasetEstimate, Size};
use crate::format::Output;
use crate::id::Fingerprint;
use crate::range::{DAY_MICROS, Span};
use crate::selection::Selection;

fn want(span: Option<Span>, settle_after_secs: Option<u64>, estimate: DatasetEstimate) -> Want {
    let range_column = span.map(|s| RangeColumn {
        name: "at".into(),
        kind: s.kind,
        time_zone: "UTC".into(),
        include_nulls: false,
    });
    let selection = Selection {
        dataset: "orders".into(),
        from: From::Relation { schema: "shop".into(), name: "orders".into() },
        columns: vec![],
        range_column,
        tenant_column: None,
        predicates: vec![],
        order: vec![],
        settle_after_secs,
        epoch: 1,
        output: Output::default(),
    };
    Want { selection, fingerprint: Fingerprint([1; 32]), span, estimate }
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
    }
}

fn only(plan: Result<Plan, TooManyChunks>) -> Vec<Piece> {
    plan.unwrap().datasets.remove(0).pieces
}

#[test]
fn a_dataset_without_an_index_is_one_chunk_and_says_so() {
    let span = Span { kind: RangeKind::Date, start: 19_600, end: 19_940 };
    let estimate = DatasetEstimate { indexed: false, ..months(1 << 30) };
    let plan = Plan::new(&[want(Some(span), None, estimate)], &[], &policy(1 << 20)).unwrap();
    assert_eq!(plan.datasets[0].pieces.len(), 1);
    assert!(plan.datasets[0].note.is_some());
}

#[test]
fn the_plan_cuts_at_the_last_settled_day() {
    let span = Span { kind: RangeKind::Date, start: 19_990, end: 20_010 };
    let pieces = only(Plan::new(&[want(Some(span), Some(3600), months(0))], &[], &policy(1 << 20)));
    let ends: Vec<_> = pieces.iter().map(|p| p.range.span().unwrap().end).collect();
    assert_eq!(ends, [19_999, 20_010]);
}

#[test]
fn only_what_was_settled_or_is_unread_is_reused() {
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
        let pieces = only(Plan::new(
            &[want(Some(span), None, months(0))],
            &candidates,
            &Policy { reuse, ..policy(1) },
        ));
        pieces
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
    let error =
        Plan::new(&[want(Some(span), None, months(1 << 40))], &[], &Policy { max_chunks: 100, ..policy(1) });
    assert_eq!(error, Err(TooManyChunks { chunks: 340, limit: 100 }));
}

proptest! {
    #[test]
    fn chunks_tile_what_is_wanted(
        start in 19_000i64..19_900, length in 1i64..700, offset in 0i64..DAY_MICROS, instant: bool,
        bytes in 0u64..1_000_000, target in 1u64..100_000,
        there in proptest::collection::vec((18_900i64..20_000, 1i64..90, 0usize..4, any::<bool>()), 0..20),
    ) {
        let (kind, unit, offset) = if instant { (RangeKind::Instant, DAY_MICROS, offset) } else { (RangeKind::Date, 1, 0) };
        let span = Span { kind, start: start * unit + offset, end: (start + length) * unit + offset / 2 + 1 };
        let states = [ChunkState::Due, ChunkState::Done, ChunkState::Running, ChunkState::Failed];
        let candidates: Vec<_> = there.iter().enumerate().map(|(i, (at, days, state, reusable))| {
            candidate(Range::Span(Span { kind, start: at * unit, end: (at + days) * unit }), states[*state], *reusable, i as u8)
        }).collect();
        let pieces = only(Plan::new(&[want(Some(span), Some(86_400), months(bytes))], &candidates, &policy(target)));
        let spans: Vec<_> = pieces.iter().map(|p| p.range.span().unwrap()).collect();
        prop_assert_eq!(spans[0].start, span.start);
        prop_assert_eq!(spans[spans.len() - 1].end, span.end);
        for pair in spans.windows(2) {
            prop_assert_eq!(pair[0].end, pair[1].start);
        }
        for (piece, span) in pieces.iter().zip(&spans) {
            prop_assert!(span.start < span.end);
            if piece.reused.is_none() && span.end - span.start > 2 * unit {
                prop_assert!(piece.bytes <= 2 * target, "{} > {}", piece.bytes, target);
            }
        }
    }
}
