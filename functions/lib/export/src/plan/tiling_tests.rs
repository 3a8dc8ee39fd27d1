//! Test that chunks tile every request exactly, first and last values included, whatever chunks exist already. The
//! meaning of a request is computed here a second time, by the calendar of each value.

use jiff::civil::{Date, date};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::attempt::Attempt;
use crate::catalog::{From, RangeColumn};
use crate::estimate::{DatasetEstimate, Size};
use crate::file::Naming;
use crate::layout::Hive;
use crate::range::{Bound, Bounds, DAY_MICROS, Span};
use crate::selection::Selection;
use crate::state::ChunkState;

const ZONES: [&str; 5] =
    ["UTC", "Europe/Amsterdam", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe"];
const KINDS: [RangeKind; 3] = [RangeKind::Date, RangeKind::Wall, RangeKind::Instant];
const STATES: [ChunkState; 7] = [
    ChunkState::Due,
    ChunkState::Sent,
    ChunkState::Running,
    ChunkState::Done,
    ChunkState::Failed,
    ChunkState::Split,
    ChunkState::Dying,
];
const LAYOUTS: [Option<Hive>; 5] =
    [None, Some(Hive::Whole), Some(Hive::Day), Some(Hive::Month), Some(Hive::Year)];
const REUSE: [Reuse; 3] = [Reuse::Settled, Reuse::MaxAge(3600), Reuse::Never];

/// Request as it is written, on a column.
#[derive(Clone, Debug)]
struct RangeRequest {
    kind: RangeKind,
    column_zone: &'static str,
    bounds: Bounds,
}

impl RangeRequest {
    fn span(&self) -> Option<Span> {
        self.bounds.span(self.kind, &TimeZone::get(self.column_zone).unwrap()).ok()
    }

    /// Returns true if the request includes a value of the column; `None` if a wall time is no moment, or two.
    fn includes(&self, value: i64) -> Option<bool> {
        let moment = match self.kind {
            RangeKind::Date => {
                let day = date(1970, 1, 1).checked_add(jiff::Span::new().try_days(value).ok()?).ok()?;
                let after_start = match self.bounds.start {
                    Bound::Day(start) => start <= day,
                    Bound::Open => true,
                    Bound::Instant(_) => return None,
                };
                let before_end = match self.bounds.end {
                    Bound::Day(end) => day <= end,
                    Bound::Open => true,
                    Bound::Instant(_) => return None,
                };
                return Some(after_start && before_end);
            }
            RangeKind::Instant => Timestamp::from_microsecond(value).ok()?,
            RangeKind::Wall => {
                let wall = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(value).ok()?);
                let found = TimeZone::get(self.column_zone).unwrap().to_ambiguous_timestamp(wall);
                match found.offset() {
                    AmbiguousOffset::Unambiguous { .. } => found.compatible().ok()?,
                    _ => return None,
                }
            }
        };
        let day = self.bounds.zone.to_datetime(moment).date();
        let after_start = match self.bounds.start {
            Bound::Day(start) => start <= day,
            Bound::Instant(start) => start <= moment.as_microsecond(),
            Bound::Open => true,
        };
        let before_end = match self.bounds.end {
            Bound::Day(end) => day <= end,
            Bound::Instant(end) => moment.as_microsecond() < end,
            Bound::Open => true,
        };
        Some(after_start && before_end)
    }
}

fn bound(open: bool, dated: bool, day: Date, micros: i64) -> Bound {
    if open {
        return Bound::Open;
    }
    if dated {
        return Bound::Day(day);
    }
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).unwrap().as_microsecond();
    Bound::Instant(midnight + micros)
}

prop_compose! {
    fn range_request(kind: RangeKind, column_zone: &'static str)(
        zone in 0..ZONES.len(), first in 0i64..3650, length in 0i64..200,
        open in proptest::array::uniform2(prop::bool::weighted(0.1)), ever in prop::bool::weighted(0.1),
        dated in proptest::array::uniform2(prop::bool::weighted(0.7)),
        micros in proptest::array::uniform2(prop_oneof![Just(0), Just(1), 0..DAY_MICROS]),
    ) -> RangeRequest {
        let day = |n: i64| date(2015, 1, 1).saturating_add(n.days());
        let dated = if kind == RangeKind::Date { [true; 2] } else { dated };
        // The usual way to write that there is no end.
        let last = if ever { date(9999, 12, 31) } else { day(first + length) };
        let dated = [dated[0], dated[1] || ever];
        RangeRequest { kind, column_zone, bounds: Bounds {
            start: bound(open[0], dated[0], day(first), micros[0]),
            end: bound(open[1], dated[1], last, micros[1]),
            zone: TimeZone::get(ZONES[zone]).unwrap(),
        } }
    }
}

prop_compose! {
    fn estimate()(
        sizes in proptest::collection::vec(prop_oneof![Just(0u64), 1..1000u64, 1..5_000_000u64], 120),
        indexed in prop::bool::weighted(0.8), known in prop::bool::weighted(0.9), total in 0..10_000_000u64,
    ) -> DatasetEstimate {
        let months = sizes.iter().enumerate().filter(|_| known).map(|(i, bytes)| {
            (format!("{:04}-{:02}", 2015 + i / 12, 1 + i % 12), Size { rows: bytes / 50, bytes: *bytes })
        });
        let total = Size { rows: total / 50, bytes: total };
        DatasetEstimate { total, months: months.collect(), indexed, ..Default::default() }
    }
}

/// Request, the earlier requests on the same column, and the outcome of those.
#[derive(Clone, Debug)]
struct Story {
    earlier: Vec<RangeRequest>,
    fates: Vec<(usize, bool, i64)>,
    request: RangeRequest,
    estimate: DatasetEstimate,
    settle_after_secs: Option<u64>,
    include_nulls: bool,
    target_bytes: u64,
    reuse: usize,
    hive: Option<Hive>,
    /// Days from 2015 to now, and microseconds of that day.
    now: (i64, i64),
}

prop_compose! {
    fn story_of(kind: RangeKind, zone: &'static str)(
        earlier in proptest::collection::vec(range_request(kind, zone), 0..6),
        fates in proptest::collection::vec((0..STATES.len(), any::<bool>(), 0i64..7_200), 1..40),
        request in range_request(kind, zone), estimate in estimate(),
        settle_after_secs in proptest::option::of(0u64..200_000), include_nulls: bool,
        target_bytes in 1_000u64..2_000_000, reuse in 0..REUSE.len(), hive in 0..LAYOUTS.len(), now in (0i64..4_000, 0..DAY_MICROS),
    ) -> Story {
        let hive = LAYOUTS[hive];
        Story { earlier, fates, request, estimate, settle_after_secs, include_nulls, target_bytes, reuse, hive, now }
    }
}

fn story() -> impl Strategy<Value = Story> {
    (0..KINDS.len(), 0..ZONES.len()).prop_flat_map(|(kind, zone)| story_of(KINDS[kind], ZONES[zone]))
}

impl Story {
    fn selection(&self) -> Selection {
        Selection {
            dataset: "orders".into(),
            from: From::Query("select".into()),
            range_column: Some(RangeColumn {
                name: "at".into(),
                kind: self.request.kind,
                time_zone: Some(self.request.column_zone.into()),
                include_nulls: self.include_nulls,
            }),
            settle_after_secs: self.settle_after_secs,
            ..Selection::example()
        }
    }

    fn now_micros(&self) -> i64 {
        // 2015-01-01 is day 16 436.
        (16_436 + self.now.0) * DAY_MICROS + self.now.1
    }

    fn target(&self, span: Span) -> Target {
        Target {
            selection: self.selection(),
            fingerprint: Fingerprint([1; 32]),
            span: Some(span),
            hive: self.hive,
            estimate: self.estimate.clone(),
        }
    }

    fn policy(&self, reuse: Reuse) -> Policy {
        Policy { target_bytes: self.target_bytes, max_chunks: 100_000, reuse, now_micros: self.now_micros() }
    }

    fn plan(&self, span: Span, candidates: &[Candidate], reuse: Reuse) -> Vec<PlannedChunk> {
        Plan::new(&[self.target(span)], candidates, &self.policy(reuse)).unwrap().datasets.remove(0).chunks
    }

    /// Returns the chunks that earlier requests left, each with an outcome; some of them were made by a split.
    fn history(&self) -> Vec<Candidate> {
        let mut there: Vec<Candidate> = Vec::new();
        for (i, span) in self.earlier.iter().filter_map(RangeRequest::span).enumerate() {
            // The earlier requests took turns with this layout and one folder.
            let hive = self.hive.filter(|_| i % 2 == 0);
            let earlier = Self { hive, ..self.clone() };
            for planned in earlier.plan(span, &there, Reuse::Settled) {
                let n = there.len();
                let (state, reusable, age_secs) = self.fates[n % self.fates.len()];
                let ranges = match planned.range {
                    Range::Span(span) if n % 5 == 4 => span.split(3).into_iter().map(Range::Span).collect(),
                    other => vec![other],
                };
                for range in ranges.into_iter().filter(|_| planned.reused.is_none()) {
                    let mut id = [i as u8; 16];
                    id[..4].copy_from_slice(&(there.len() as u32).to_be_bytes());
                    let candidate = Candidate {
                        id: ChunkId::from_random(id),
                        fingerprint: Fingerprint([1; 32]),
                        range,
                        state: STATES[state],
                        reusable,
                        as_of_micros: Some(self.now_micros() - age_secs * 1_000_000),
                        rows: 7,
                        bytes: 70,
                        only_checked: false,
                        has_check: planned.checks.is_some(),
                    };
                    // A chunk with a proof may be checked besides.
                    if STATES[state] == ChunkState::Done && n.is_multiple_of(3) {
                        there.push(Candidate { only_checked: true, ..candidate });
                    }
                    there.push(candidate);
                }
            }
        }
        there
    }

    fn is_settled(&self, span: Span) -> bool {
        let attempt = Attempt {
            chunk: ChunkId::from_random([0; 16]),
            number: 1,
            tenant: "acme".parse().unwrap(),
            selection: self.selection(),
            range: Range::Span(span),
            planned_bytes: 0,
            indexed: true,
            failures: 0,
            waited_ms: 0,
            depth: 0,
            parent_seen_bytes: None,
            hive: None,
            traceparent: None,
            proves: true,
            check: None,
            cut: None,
        };
        attempt.is_settled_at(self.now_micros())
    }
}

proptest! {
    #[test]
    fn chunks_tile_the_request_whatever_chunks_existed(story in story(), probes in proptest::collection::vec(0f64..1.0, 20)) {
        // Bounds without a meaning on the column are rejected when the request is read.
        let Some(span) = story.request.span() else { return Ok(()) };
        let (there, reuse) = (story.history(), REUSE[story.reuse]);
        let mut chunks = story.plan(span, &there, reuse);
        if story.include_nulls {
            prop_assert_eq!(chunks.pop().map(|p| p.range), Some(Range::Null));
        }
        let spans: Vec<_> = chunks.iter().map(|p| p.range.span().expect("the rest are spans")).collect();
        prop_assert_eq!(spans.first().map(|s| s.start), Some(span.start));
        prop_assert_eq!(spans.last().map(|s| s.end), Some(span.end));
        prop_assert!(spans.iter().all(|s| s.start < s.end && s.kind == span.kind));
        prop_assert!(spans.windows(2).all(|pair| pair[0].end == pair[1].start));

        for planned in &chunks {
            if let Some(id) = planned.reused {
                let chunk = there.iter().find(|c| c.id == id && !c.only_checked).expect("it was there");
                prop_assert!(chunk.range == planned.range && reuse.allows(chunk, story.now_micros()));
            }
            if let Some(id) = planned.checks {
                let chunk = there.iter().find(|c| c.id == id && c.only_checked).expect("it was there");
                prop_assert!(chunk.range == planned.range && planned.reused.is_none() && reuse != Reuse::Never);
            }
        }

        // By the calendar: every requested value is in exactly one chunk, every other value in none.
        let unit = if span.kind == RangeKind::Date { 1 } else { DAY_MICROS };
        // Of an open end only a few years and the outermost values are checked.
        let (start, end) = (span.start.max(15_000 * unit), span.end.min(21_000 * unit));
        let length = (end - start).max(0);
        let around = probes.iter().map(|p| start - unit + (p * (length + 2 * unit) as f64) as i64);
        let (before, after) = (span.start.saturating_sub(1), span.end.saturating_add(1));
        let edges = [before, span.start, span.start.saturating_add(1), span.end - 1, span.end, after];
        for value in [i64::MIN, i64::MAX - 1] {
            let wanted = usize::from(span.start <= value && value < span.end);
            prop_assert_eq!(spans.iter().filter(|s| s.start <= value && value < s.end).count(), wanted);
        }
        // In one folder sorting by name sorts by range. No name occurs twice.
        let naming = Naming { dataset: "orders", extension: "csv", sample: false, hive: story.hive };
        let mut names: Vec<_> = spans.iter().map(|s| naming.name(&Range::Span(*s))).collect();
        prop_assert!(story.hive.is_some() || names.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", names);
        names.sort();
        prop_assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{:?}", names);
        for value in around.chain(edges) {
            if let Some(wanted) = story.request.includes(value) {
                let holding = spans.iter().filter(|s| s.start <= value && value < s.end).count();
                prop_assert_eq!(holding, usize::from(wanted), "{}", span.text(value));
            }
        }
    }

    #[test]
    fn a_chunk_with_expected_rows_has_one_partition(story in story()) {
        let Some((span, hive)) = story.request.span().zip(story.hive) else { return Ok(()) };
        for planned in story.plan(span, &story.history(), REUSE[story.reuse]) {
            let Some(several) = planned.range.span().filter(|s| hive.is_several(s)) else { continue };
            prop_assert!(planned.reused.is_none());
            // Where no row is expected the plan has one chunk for many partitions, each of which has less than half a
            // row.
            if story.estimate.indexed && several.first().is_some() && several.after().is_some() {
                prop_assert!(planned.rows as usize <= hive.cut(&several, 1_000_000).len(), "{:?}", planned);
            }
        }
    }

    #[test]
    fn a_sample_is_one_new_chunk_of_the_range(story in story(), limit in 1u64..10_000) {
        let Some(span) = story.request.span() else { return Ok(()) };
        let mut target = story.target(span);
        target.selection.limit = Some(limit);
        let (there, policy) = (story.history(), story.policy(REUSE[story.reuse]));
        let chunks = Plan::new(std::slice::from_ref(&target), &there, &policy).unwrap().datasets.remove(0).chunks;
        prop_assert_eq!(chunks.len(), 1);
        prop_assert_eq!((chunks[0].range, chunks[0].reused, chunks[0].unread), (Range::Span(span), None, true));
        prop_assert!(chunks[0].rows <= limit);
        prop_assert!(!Plan::is_covered(std::slice::from_ref(&target), &there, &policy));
    }

    #[test]
    fn unsettled_new_chunks_contain_no_settled_day(story in story()) {
        let Some(span) = story.request.span() else { return Ok(()) };
        if !story.estimate.indexed || story.settle_after_secs.is_none() {
            return Ok(());
        }
        let unit = span.kind.day();
        for new in story.plan(span, &story.history(), Reuse::Settled).iter().filter(|p| p.reused.is_none()) {
            let Some(new) = new.range.span().filter(|s| !story.is_settled(*s)) else { continue };
            let next_day = (new.start.div_euclid(unit) + 1) * unit;
            if next_day < new.end {
                let first = Span { end: next_day, ..new };
                prop_assert!(!story.is_settled(first), "{} of {}", first.text(next_day), new.text(new.end));
            }
        }
    }
}
