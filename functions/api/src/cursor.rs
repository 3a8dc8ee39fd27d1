//! Cursors: opaque to callers, and only a position. They never contain the tenant.

use std::fmt;
use std::str::FromStr;

use export::destination::is_name;
use export::id::{ChunkId, ExportId};
use store::RunPosition;

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

/// Position at which a page of saved exports ended: the name of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedCursor(pub(crate) String);

/// Position at which a page of runs ended. The next run is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RunCursor(pub(crate) RunPosition);

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
        let accepted_micros = time(micros)?;
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

impl fmt::Display for SavedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s{}", self.0)
    }
}

impl FromStr for SavedCursor {
    type Err = NoCursor;
    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let name = text.strip_prefix('s').filter(|name| is_name(name)).ok_or(NoCursor)?;
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for RunCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (started, tick, number) = self.0;
        write!(f, "r{started}.{tick}.{number}")
    }
}

impl FromStr for RunCursor {
    type Err = NoCursor;
    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let parts: Vec<_> = text.strip_prefix('r').ok_or(NoCursor)?.split('.').collect();
        let [started, tick, number] = parts[..] else { return Err(NoCursor) };
        let number = i32::try_from(place(number)?).map_err(|_| NoCursor)?;
        Ok(Self((time(started)?, time(tick)?, number)))
    }
}

/// Parses a time. PostgreSQL timestamps end long before the range of i64 does.
fn time(digits: &str) -> Result<i64, NoCursor> {
    place(digits).ok().filter(|m| *m < 253_402_300_800_000_000).ok_or(NoCursor)
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
        let run = RunCursor((1_700_000_000_000_000, 1_700_000_000_000_000, 2));
        assert_eq!(run.to_string().parse(), Ok(run));
        let saved = SavedCursor("orders-daily".to_owned());
        assert_eq!(saved.to_string().parse(), Ok(saved));
        for bad in
            ["", "s", "sA", "r1.2", "r1.2.3.4", "r1.2.-3", "r1.2.9999999999", "r9223372036854775807.1.1"]
        {
            assert!(bad.parse::<SavedCursor>().is_err() && bad.parse::<RunCursor>().is_err(), "{bad}");
        }
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
