//! Slices: half-open spans of a key, for datasets whose rows no date divides.

use serde::{Deserialize, Serialize};

/// Type of the values by which a dataset is cut into slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SliceKind {
    /// `smallint`, `integer` or `bigint`.
    Integer,
    /// `uuid`: a bound is its first eight bytes, in the order of the type; the other eight are zero.
    Uuid,
    /// Number of a block of the heap. Rows keep their block only within one snapshot.
    Block,
}

impl SliceKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Integer, Self::Uuid, Self::Block];

    /// Returns the word that the store keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Uuid => "uuid",
            Self::Block => "block",
        }
    }

    /// Returns the kind of a word that the store keeps.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Half-open slice `[start, end)` of a key; `start < end`. An open bound has no value beyond it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Slice {
    /// Type of both bounds.
    pub kind: SliceKind,
    /// First value in the slice.
    pub start: i64,
    /// First value after the slice.
    pub end: i64,
}

/// Length of the first part of a slice with an open end.
const FIRST_STEP: i64 = 1 << 16;

/// Maximum number of parts that double in length.
const MAX_DOUBLINGS: u32 = 40;

impl Slice {
    /// Value of `start` if there is no first value.
    pub const OPEN_START: i64 = i64::MIN;
    /// Value of `end` if no value is after the slice.
    pub const OPEN_END: i64 = i64::MAX;

    /// Makes a slice; `None` if it would be empty.
    pub fn new(kind: SliceKind, start: i64, end: i64) -> Option<Self> {
        (start < end).then_some(Self { kind, start, end })
    }

    /// Makes the slice that holds every value.
    pub fn whole(kind: SliceKind) -> Self {
        Self { kind, start: Self::OPEN_START, end: Self::OPEN_END }
    }

    /// Returns the first value, unless the start is open.
    pub fn first(&self) -> Option<i64> {
        (self.start != Self::OPEN_START).then_some(self.start)
    }

    /// Returns the first value after the slice, unless the end is open.
    pub fn after(&self) -> Option<i64> {
        (self.end != Self::OPEN_END).then_some(self.end)
    }

    /// Writes a bound as PostgreSQL and JSON write the value.
    pub fn text(&self, bound: i64) -> String {
        match self.kind {
            SliceKind::Integer | SliceKind::Block => bound.to_string(),
            SliceKind::Uuid => {
                let high = bound.cast_unsigned() ^ SIGN;
                format!(
                    "{:08x}-{:04x}-{:04x}-0000-000000000000",
                    high >> 32,
                    (high >> 16) & 0xffff,
                    high & 0xffff
                )
            }
        }
    }

    /// Splits into at most `parts` slices that tile this one; fewer if a slice of one value cannot be divided. Towards
    /// an open end of integers or blocks nothing is known, so parts grow.
    pub fn split(&self, parts: u32) -> Vec<Self> {
        let inner = parts.max(1) - 1;
        let bounds = match (self.first(), self.after()) {
            _ if self.kind == SliceKind::Uuid => self.even(inner),
            (Some(_), Some(_)) => self.even(inner),
            (Some(first), None) => growing(first, inner, i64::checked_add),
            // Negative values are rare: they stay together.
            (None, None) => [vec![0], growing(0, inner.saturating_sub(1), i64::checked_add)].concat(),
            (None, Some(after)) => {
                let mut bounds = growing(after, inner, i64::checked_sub);
                bounds.reverse();
                bounds
            }
        };
        let mut bounds = [vec![self.start], bounds, vec![self.end]].concat();
        bounds.dedup();
        bounds.windows(2).filter_map(|pair| Self::new(self.kind, pair[0], pair[1])).collect()
    }

    /// Returns `inner` bounds of parts of nearly equal length.
    fn even(&self, inner: u32) -> Vec<i64> {
        let length = i128::from(self.end) - i128::from(self.start);
        let parts = (i128::from(inner) + 1).min(length);
        (1..parts).map(|i| (i128::from(self.start) + length * i / parts) as i64).collect()
    }
}

/// Returns at most `inner` bounds in one direction from a bound: the parts between them double in length, and the last one
/// is at least as long as the bound is far from 0, so that repeated splits of the open part end: there are none if it would
/// reach the end of all values.
fn growing(from: i64, inner: u32, step: fn(i64, i64) -> Option<i64>) -> Vec<i64> {
    let inner = inner.min(MAX_DOUBLINGS);
    let last = inner.saturating_sub(1);
    let length = |n: u32| {
        let doubled = FIRST_STEP << n;
        if n == last { doubled.max(from.saturating_abs()) } else { doubled }
    };
    let bounds: Option<Vec<_>> = (0..inner).map(|n| step(from, length(n))).collect();
    let is_inside = |bound: &i64| *bound != Slice::OPEN_START && *bound != Slice::OPEN_END;
    bounds.filter(|bounds| bounds.iter().all(is_inside)).unwrap_or_default()
}

/// Bit by which the order of unsigned numbers becomes that of signed ones.
const SIGN: u64 = 1 << 63;

/// Returns the bound of a uuid that is written in hexadecimal, with or without hyphens; `None` if it is none.
pub fn uuid_bound(text: &str) -> Option<i64> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    (digits.len() == 32).then_some(())?;
    let high = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
    Some((high ^ SIGN).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bounds_of_uuids_keep_their_order() {
        let texts = [
            "00000000-0000-0000-0000-000000000000",
            "7fffffff-ffff-ffff-0000-000000000000",
            "80000000-0000-0000-0000-000000000000",
            "ffffffff-ffff-ffff-0000-000000000000",
        ];
        let bounds = texts.map(|text| uuid_bound(text).unwrap());
        assert!(bounds.is_sorted());
        let slice = Slice::whole(SliceKind::Uuid);
        assert_eq!(bounds.map(|bound| slice.text(bound)), texts);
        assert_eq!(uuid_bound("xyz"), None);
    }

    #[test]
    fn open_ends_are_split_into_growing_parts() {
        let of = |start, end| Slice { kind: SliceKind::Integer, start, end };
        let bounds = |slice: Slice, parts| {
            slice.split(parts).into_iter().filter_map(|part| part.after()).collect::<Vec<_>>()
        };
        assert_eq!(bounds(of(100, Slice::OPEN_END), 4), [65_636, 131_172, 262_244]);
        assert_eq!(bounds(of(1_000_000, Slice::OPEN_END), 3), [1_065_536, 2_000_000]);
        assert_eq!(bounds(of(Slice::OPEN_START, 0), 3), [-131_072, -65_536, 0]);
        assert_eq!(bounds(Slice::whole(SliceKind::Integer), 3), [0, 65_536]);
        assert_eq!(bounds(Slice::whole(SliceKind::Integer), 64).len(), 41);
        assert_eq!(bounds(of(3, 5), 9), [4, 5]);
        assert_eq!(of(3, 4).split(9).len(), 1);
    }

    proptest! {
        #[test]
        fn repeated_splits_tile_and_end(
            kind in prop_oneof![Just(SliceKind::Integer), Just(SliceKind::Uuid), Just(SliceKind::Block)],
            start in prop_oneof![Just(Slice::OPEN_START), any::<i64>()], length in proptest::option::of(1i64..i64::MAX),
            parts in 2u32..70, towards: bool,
        ) {
            let end = length.map_or(Slice::OPEN_END, |length| start.saturating_add(length));
            let Some(mut slice) = Slice::new(kind, start, end) else { return Ok(()) };
            for round in 0.. {
                let found = slice.split(parts);
                prop_assert_eq!((found[0].start, found[found.len() - 1].end), (slice.start, slice.end));
                prop_assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
                if found.len() == 1 {
                    break;
                }
                prop_assert!(round < 200);
                slice = found[if towards { found.len() - 1 } else { 0 }];
            }
        }
    }
}
