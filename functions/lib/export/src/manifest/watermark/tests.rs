//! Test of the watermark against a model of a database: transactions of any length, writers in any zone, sources that
//! lag.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::estimate::Size;
use crate::file::FileRecord;
use crate::id::ChunkId;
use crate::range::{DAY_MICROS, Range, RangeKind, Span};

fn read(span: Span, horizon_micros: Option<i64>) -> DoneChunk {
    DoneChunk {
        id: ChunkId::from_random([1; 16]),
        dataset: "orders".into(),
        range: Range::Span(span),
        as_of_micros: 0,
        horizon_micros,
        reused: false,
        unchanged: false,
        planned: Some(Size::default()),
        file: FileRecord { attempt: 1, rows: 0, bytes: 0, source_bytes: 0, sha256: None },
    }
}

fn days(start: i64, end: i64) -> Span {
    Span { kind: RangeKind::Date, start, end }
}

#[test]
fn watermark_is_the_first_value_unsettled_when_read() {
    let settle = Settle { after_secs: 3600, time_zone: Some("UTC".into()) };
    let at = |day: i64| Some(day * DAY_MICROS + 3_600_000_000);
    let of = |chunks: &[DoneChunk]| watermark(&settle, chunks);
    // All chunks are settled to their ends: the watermark is the end of the last.
    assert_eq!(of(&[read(days(0, 4), at(4)), read(days(4, 9), at(9))]), Some("1970-01-10".into()));
    // The first chunk was read too early: chunks after it do not count.
    assert_eq!(of(&[read(days(0, 4), at(3)), read(days(4, 9), at(9))]), Some("1970-01-04".into()));
    // Chunks were read long ago, or from a source far behind: the watermark is at least the start, which the export
    // before this one guaranteed.
    assert_eq!(of(&[read(days(3, 9), at(1))]), Some("1970-01-04".into()));
    assert_eq!(of(&[read(days(0, 4), at(4)), read(days(4, 9), at(1))]), Some("1970-01-05".into()));
    // The source cannot report its time.
    assert_eq!(of(&[read(days(0, 4), at(4)), read(days(4, 9), None)]), None);
    let mut all = read(days(0, 1), None);
    all.range = Range::All;
    assert_eq!(of(&[all]), None);
}

const ZONES: [&str; 8] = [
    "UTC",
    "America/Los_Angeles",
    "Europe/Amsterdam",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Etc/GMT+12",
    "Asia/Kathmandu",
];

/// Kind of source that is read.
#[derive(Clone, Copy, Debug)]
enum From {
    /// Primary that reports which transactions are open.
    Primary,
    /// Primary that does not report them: `settle_after` is longer than any transaction.
    Blind,
    /// Standby this many microseconds behind; `settle_after` as for `Blind`.
    Standby(i64),
}

/// Transaction that writes a row stamped by its clock, in microseconds from the start of the story.
#[derive(Clone, Copy, Debug)]
struct Write {
    begun: i64,
    length: i64,
    stamped: f64,
}

#[derive(Clone, Debug)]
struct Story {
    kind: RangeKind,
    zone: &'static str,
    named: bool,
    start: i64,
    after_secs: u64,
    writes: Vec<Write>,
    /// Lengths of the chunks, and time and source of their reads.
    chunks: Vec<(i64, i64, From)>,
}

const STORY: i64 = 20 * DAY_MICROS;

fn from() -> impl Strategy<Value = From> {
    prop_oneof![3 => Just(From::Primary), 1 => Just(From::Blind), 2 => (0..DAY_MICROS).prop_map(From::Standby)]
}

prop_compose! {
    fn story()(
        kind in prop_oneof![Just(RangeKind::Date), Just(RangeKind::Wall), Just(RangeKind::Instant)],
        zone in 0..ZONES.len(), named: bool,
        // From 1972 to 2035, often around a day on which clocks change.
        start in prop_oneof![63_072_000i64..2_051_222_400, 1_711_500_000i64..1_712_000_000, 1_729_300_000i64..1_730_200_000, 1_324_500_000i64..1_325_400_000],
        after_secs in prop_oneof![5u64..3_600, 3_600u64..400_000],
        writes in proptest::collection::vec((0..STORY, prop_oneof![0i64..1_000_000, 0..5 * DAY_MICROS], 0f64..1.0), 1..40),
        chunks in proptest::collection::vec((1..4 * DAY_MICROS, 0..STORY, from()), 1..8),
    ) -> Story {
        let promised = |length: i64| length.min(after_secs as i64 * 1_000_000);
        let honest = chunks.iter().all(|(_, _, from)| matches!(from, From::Primary));
        Story {
            kind, zone: ZONES[zone], named, start: start * 1_000_000, after_secs,
            writes: writes.into_iter().map(|(begun, length, stamped)| {
                Write { begun, length: if honest { length } else { promised(length) }, stamped }
            }).collect(),
            chunks,
        }
    }
}

impl Story {
    fn value(&self, micros: i64) -> i64 {
        let zone = TimeZone::get(self.zone).unwrap();
        let offset = zone.to_offset(Timestamp::from_microsecond(micros).unwrap());
        let wall = micros + i64::from(offset.seconds()) * 1_000_000;
        match self.kind {
            RangeKind::Date => wall.div_euclid(DAY_MICROS),
            RangeKind::Wall => wall,
            RangeKind::Instant => micros,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn no_late_row_appears_before_the_watermark(story in story()) {
        let settle = Settle { after_secs: story.after_secs, time_zone: story.named.then(|| story.zone.into()) };
        let mut at = story.value(story.start);
        let (mut done, mut shown) = (Vec::new(), Vec::new());
        for (length, read_at, from) in &story.chunks {
            let span = Span { kind: story.kind, start: at, end: at + (length / (DAY_MICROS / story.kind.day())).max(1) };
            at = span.end;
            let open = story.writes.iter().filter(|w| w.begun < *read_at && read_at < &(w.begun + w.length));
            // Everything that was committed by then is visible.
            let seen = match from { From::Standby(lag) => read_at - lag, _ => *read_at };
            let horizon = match from {
                From::Primary => open.map(|w| w.begun).fold(seen, i64::min),
                _ => seen,
            };
            done.push(read(span, Some(story.start + horizon)));
            shown.push(seen);
        }
        let text = watermark(&settle, &done).unwrap();
        for write in &story.writes {
            let stamp = story.start + write.begun + (write.length as f64 * write.stamped) as i64;
            let value = story.value(stamp);
            for (chunk, seen) in done.iter().zip(&shown) {
                let span = chunk.range.span().unwrap();
                let late = span.start <= value && value < span.end && write.begun + write.length > *seen;
                // Texts of one kind sort like their values, except for the fraction, which is compared as a number.
                let until = settle.until(story.kind, chunk.horizon_micros.unwrap()).unwrap();
                prop_assert!(!late || !settle.covers(span, chunk.horizon_micros.unwrap()));
                if late {
                    let first = done.iter().find(|c| {
                        let until = settle.until(story.kind, c.horizon_micros.unwrap()).unwrap();
                        until < c.range.span().unwrap().end
                    });
                    let first = first.expect("the chunk of the late row is not settled");
                    let span = first.range.span().unwrap();
                    let until_first = settle.until(story.kind, first.horizon_micros.unwrap()).unwrap().max(span.start);
                    prop_assert_eq!(&text, &span.text(until_first));
                    prop_assert!(value >= until_first, "{:?} {} {}", story.kind, value, until);
                }
            }
        }
    }
}
