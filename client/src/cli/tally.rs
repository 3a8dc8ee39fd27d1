//! Progress per dataset: units done, unchanged and failed, rows and bytes.

use std::collections::BTreeMap;

use export::state::ChunkState;
use export::wire::ChunkEntry;
use indicatif::HumanCount;
use serde::Serialize;

use crate::text::{bytes, count, duration, table};

/// Maximum number of datasets shown at a time; all are in JSON.
const MAX_SHOWN: usize = 10;

/// Progress of one dataset. A unit is a chunk while the export runs and a file while it is downloaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tally {
    pub(super) name: String,
    /// Number of all units.
    pub(super) total: u64,
    /// Units that were read or downloaded.
    pub(super) done: u64,
    /// Units that need no work: reused and unchanged chunks, files that are already present.
    pub(super) unchanged: u64,
    pub(super) failed: u64,
    /// Rows of complete units.
    pub(super) rows: u64,
    /// Bytes written or present.
    pub(super) bytes: u64,
    #[serde(skip)]
    pub(super) active: bool,
}

impl Tally {
    fn is_complete(&self) -> bool {
        self.failed == 0 && self.done + self.unchanged >= self.total
    }

    /// Returns true if none of its units needed work.
    fn is_unchanged(&self) -> bool {
        self.is_complete() && self.done == 0 && self.total > 0
    }

    fn is_shown(&self) -> bool {
        self.failed > 0 || (self.active && !self.is_complete())
    }
}

/// Counts the chunks of each dataset.
pub(super) fn of_chunks(chunks: &[ChunkEntry]) -> Vec<Tally> {
    let mut tallies = BTreeMap::<&str, Tally>::new();
    for chunk in chunks {
        let tally = tallies.entry(&chunk.dataset).or_default();
        match chunk.state {
            // Replaced by smaller ones, which are in the list too.
            ChunkState::Split | ChunkState::Dying => continue,
            ChunkState::Done if chunk.reused || chunk.verified.is_some() => tally.unchanged += 1,
            ChunkState::Done => tally.done += 1,
            ChunkState::Failed => tally.failed += 1,
            ChunkState::Running => tally.active = true,
            ChunkState::Due | ChunkState::Sent => {}
        }
        tally.total += 1;
        tally.rows += chunk.rows.unwrap_or(0);
        tally.bytes += chunk.bytes.unwrap_or(0);
    }
    let named = |(name, tally): (&str, Tally)| Tally { name: name.to_owned(), ..tally };
    tallies.into_iter().map(named).collect()
}

/// Formats the number of datasets that are done, unchanged and failed.
pub(super) fn summary(tallies: &[Tally]) -> String {
    let number = |test: fn(&Tally) -> bool| tallies.iter().filter(|tally| test(tally)).count();
    let done = format!("{} of {} done", number(Tally::is_complete), count(tallies.len() as u64, "dataset"));
    let unchanged = Some(number(Tally::is_unchanged)).filter(|n| *n > 0).map(|n| format!("{n} unchanged"));
    let failed = Some(number(|tally| tally.failed > 0)).filter(|n| *n > 0).map(|n| format!("{n} failed"));
    [Some(done), unchanged, failed].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Formats the datasets that are being worked on, and those with failures.
pub(super) fn lines(tallies: &[Tally], unit: &str) -> Vec<String> {
    let shown: Vec<_> = tallies.iter().filter(|tally| tally.is_shown()).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    let number = |n: u64| if n == 0 { String::new() } else { HumanCount(n).to_string() };
    let row = |tally: &&Tally| {
        vec![
            tally.name.clone(),
            format!("{}/{}", HumanCount(tally.done + tally.unchanged), HumanCount(tally.total)),
            number(tally.unchanged),
            number(tally.failed),
            HumanCount(tally.rows).to_string(),
            bytes(tally.bytes),
        ]
    };
    let rows: Vec<_> = shown.iter().take(MAX_SHOWN).map(row).collect();
    let unit = format!(">{unit}");
    let heads = ["dataset", &unit, ">unchanged", ">failed", ">rows", ">bytes"];
    let mut lines: Vec<_> = table(&heads, &rows).lines().map(str::to_owned).collect();
    if shown.len() > MAX_SHOWN {
        lines.push(format!("and {} more", shown.len() - MAX_SHOWN));
    }
    lines
}

/// Formats a rate in bytes per second and the time for the remaining bytes.
pub(super) fn rate(moved: u64, left: u64, seconds: f64) -> Vec<String> {
    let rate = moved as f64 / seconds.max(0.001);
    let mut parts = vec![format!("{}/s", bytes(rate as u64))];
    // A rate measured for less than a second predicts nothing.
    if left > 0 && rate >= 1.0 && seconds >= 1.0 {
        parts.push(format!("about {} left", duration((left as f64 / rate).ceil() as u64)));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(name: &str, total: u64, [done, unchanged, failed]: [u64; 3]) -> Tally {
        let (rows, bytes, active) = (10, 2048, true);
        Tally { name: name.into(), total, done, unchanged, failed, rows, bytes, active }
    }

    #[test]
    fn datasets_are_counted_by_their_outcome() {
        let tallies = [
            tally("a", 2, [2, 0, 0]),
            tally("b", 3, [0, 3, 0]),
            tally("c", 2, [1, 0, 1]),
            tally("d", 9, [1, 1, 0]),
        ];
        assert_eq!(summary(&tallies), "2 of 4 datasets done, 1 unchanged, 1 failed");
        let expected = "dataset  files  unchanged  failed  rows     bytes\n\
                        c          1/2                  1    10  2.00 KiB\n\
                        d          2/9          1            10  2.00 KiB";
        assert_eq!(lines(&tallies, "files").join("\n"), expected);
        assert_eq!(rate(1 << 20, 2 << 20, 2.0), ["512.00 KiB/s", "about 4 s left"]);
    }
}
