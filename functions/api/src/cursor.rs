//! Cursors: opaque to callers, and only a position. They never contain the tenant.

use std::fmt;
use std::str::FromStr;

use export::id::{ChunkId, ExportId};

/// Position at which a page of exports ended. The next export is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExportCursor {
    pub(crate) accepted_micros: i64,
    pub(crate) id: ExportId,
}

/// Position at which a page of an export's chunks or files ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChunkCursor {
    pub(crate) ordinal: i64,
    pub(crate) id: ChunkId,
    /// True if the export had succeeded when the first page was read. While it runs, pages omit files that do not
    /// exist yet.
    pub(crate) whole: bool,
}

/// Error for a text that is not a valid cursor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NoCursor;

impl fmt::Display for ExportCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "e{}.{}", self.accepted_micros, self.id)
    }
}

impl FromStr for ExportCursor {
    type Err = NoCursor;
    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (micros, id) = text.strip_prefix('e').and_then(|rest| rest.split_once('.')).ok_or(NoCursor)?;
        // PostgreSQL timestamps end long before the range of i64 does.
        let accepted_micros = place(micros).ok().filter(|m| *m < 253_402_300_800_000_000).ok_or(NoCursor)?;
        Ok(Self { accepted_micros, id: id.parse().map_err(|_| NoCursor)? })
    }
}

impl fmt::Display for ChunkCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}.{}", if self.whole { 'w' } else { 'c' }, self.ordinal, self.id)
    }
}

impl FromStr for ChunkCursor {
    type Err = NoCursor;
    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let whole = text.starts_with('w');
        let (ordinal, id) =
            text.strip_prefix(['c', 'w']).and_then(|rest| rest.split_once('.')).ok_or(NoCursor)?;
        Ok(Self { ordinal: place(ordinal)?, id: id.parse().map_err(|_| NoCursor)?, whole })
    }
}

/// Parses a non-negative integer.
fn place(digits: &str) -> Result<i64, NoCursor> {
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| plain).ok_or(NoCursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_round_trip() {
        let cursor =
            ExportCursor { accepted_micros: 1_700_000_000_000_000, id: ExportId::from_random([7; 16]) };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for whole in [true, false] {
            let cursor = ChunkCursor { ordinal: 42, id: ChunkId::from_random([7; 16]), whole };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
    }

    #[test]
    fn malformed_cursors_are_refused() {
        for bad in [
            "",
            "c",
            "c-1",
            "42",
            "e1",
            "e1.x",
            "c42",
            "c42.x",
            "c9223372036854775808.00000000-0000-4000-8000-000000000000",
            "e9223372036854775807.00000000-0000-4000-8000-000000000000",
            "c+1",
            "c1 ",
            "cé",
            "e-5.00000000-0000-4000-8000-000000000000",
        ] {
            assert!(bad.parse::<ChunkCursor>().is_err() && bad.parse::<ExportCursor>().is_err(), "{bad}");
        }
    }
}
