//! `sluice chunks`: the chunks of an export and when they were read.

use export::id::ExportId;
use export::proof::Verified;
use export::state::{AttemptOutcome, ChunkState};
use export::wire::{AttemptEntry, ChunkEntry, ChunkList};
use indicatif::HumanCount;
use jiff::Timestamp;

use super::export_id;
use super::outcome::{Failure, Outcome};
use super::show;
use crate::Client;
use crate::text::{bytes, count, one_line, table};

/// Number of characters of a timeline.
const WIDTH: usize = 32;

const EXAMPLES: &str = "Examples:
  sluice chunks ID                      the timeline of all chunks
  sluice chunks ID --dataset orders     of one dataset
  sluice chunks ID --state failed       what could not be read, and why
  sluice chunks ID --json | jq '.chunks[] | {dataset, rows, readMs}'

In a timeline = is a read that was completed, x one that failed, ~ one that was put off, > one that is running.";

/// Show the chunks of an export: states, attempts and a timeline
#[derive(Debug, clap::Args)]
#[command(override_usage = "sluice chunks [OPTIONS] <ID>", after_help = EXAMPLES)]
pub(super) struct Chunks {
    /// ID of the export
    #[arg(value_name = "ID", value_parser = export_id)]
    id: ExportId,
    /// Only chunks of this dataset
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Only chunks in this state: due, sent, running, done, failed
    #[arg(long)]
    state: Option<ChunkState>,
}

impl Chunks {
    pub(super) async fn run(self, client: &Client) -> Result<Outcome, Failure> {
        let mut chunks = all(client, self.id).await?;
        let total = chunks.len();
        let wanted = |chunk: &ChunkEntry| {
            let named = self.dataset.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&chunk.dataset));
            named && self.state.is_none_or(|state| state == chunk.state)
        };
        chunks.retain(wanted);
        let text = match (chunks.is_empty(), total) {
            (true, 0) => "the export has no chunks".to_owned(),
            (true, _) => format!("none of its {} matches", count(total as u64, "chunk")),
            (false, _) => text(&chunks),
        };
        Ok(Outcome::new(text, ChunkList { chunks, next_cursor: None, next: None }))
    }
}

/// Returns all chunks of an export.
pub(super) async fn all(client: &Client, id: ExportId) -> Result<Vec<ChunkEntry>, crate::Error> {
    let (mut chunks, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = client.chunks(id, cursor.as_deref()).await?;
        chunks.extend(page.chunks);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(chunks);
        }
    }
}

fn text(chunks: &[ChunkEntry]) -> String {
    let line = Timeline::of(chunks);
    let rows: Vec<_> = chunks.iter().map(|chunk| row(chunk, &line)).collect();
    let heads = ["dataset", "range", "state", ">tries", ">rows", ">bytes", ">began", ">took", "timeline"];
    let mut lines = vec![table(&heads, &rows)];
    let failures = chunks.iter().flat_map(|chunk| {
        let failed = chunk.attempts.iter().filter_map(|a| Some((a, a.reason.as_deref()?)));
        failed.map(|(attempt, reason)| {
            let outcome = attempt.outcome.map_or("running", AttemptOutcome::as_str);
            let (range, number) = (show::range(&chunk.range), attempt.number);
            format!("  {} {range}, attempt {number} {outcome}: {}", chunk.dataset, one_line(reason))
        })
    });
    let failures: Vec<_> = failures.collect();
    if !failures.is_empty() {
        lines.push("attempts that did not complete:".to_owned());
        lines.extend(failures);
    }
    lines.join("\n")
}

fn row(chunk: &ChunkEntry, line: &Timeline) -> Vec<String> {
    let (first, last) = (chunk.attempts.first(), chunk.attempts.last());
    let began = first.and_then(|a| seconds(&a.started_at)).map(|at| format!("+{:.1} s", at - line.start));
    let took = last.and_then(|a| Some(seconds(a.ended_at.as_deref()?)? - seconds(&a.started_at)?));
    let state = match chunk.verified {
        Some(Verified::Unchanged) => "unchanged".to_owned(),
        None if chunk.reused => "reused".to_owned(),
        None => chunk.state.to_string(),
    };
    let is_earlier = is_earlier(chunk);
    vec![
        chunk.dataset.clone(),
        // Without midnight, which most bounds have, the line fits on more terminals.
        show::range(&chunk.range).replace("T00:00:00Z", "").replace("T00:00:00", ""),
        state,
        chunk.attempts.len().to_string(),
        chunk.rows.map(|rows| HumanCount(rows).to_string()).unwrap_or_default(),
        chunk.bytes.map(bytes).unwrap_or_default(),
        if is_earlier { String::new() } else { began.unwrap_or_default() },
        took.map(|secs| format!("{:.1} s", secs.max(0.0))).unwrap_or_default(),
        if is_earlier { String::new() } else { line.draw(&chunk.attempts) },
    ]
}

/// Returns true if the file of the chunk was read for an earlier export: so are its attempts.
fn is_earlier(chunk: &ChunkEntry) -> bool {
    chunk.reused || chunk.verified.is_some()
}

/// Seconds since the epoch of the first and the last event.
struct Timeline {
    start: f64,
    end: f64,
}

impl Timeline {
    /// Returns the time covered by the chunks that this export has read itself.
    fn of(chunks: &[ChunkEntry]) -> Self {
        let attempts = || chunks.iter().filter(|chunk| !is_earlier(chunk)).flat_map(|chunk| &chunk.attempts);
        let starts = attempts().filter_map(|a| seconds(&a.started_at));
        let ends = attempts().filter_map(|a| seconds(a.ended_at.as_deref().unwrap_or(&a.started_at)));
        let start = starts.fold(f64::INFINITY, f64::min);
        let end = ends.fold(f64::NEG_INFINITY, f64::max);
        if start.is_finite() {
            Self { start, end: end.max(start + 0.001) }
        } else {
            Self { start: 0.0, end: 1.0 }
        }
    }

    fn draw(&self, attempts: &[AttemptEntry]) -> String {
        let place = |at: f64| {
            let share = (at - self.start) / (self.end - self.start);
            ((share * WIDTH as f64) as usize).min(WIDTH - 1)
        };
        let mut cells = [' '; WIDTH];
        for attempt in attempts {
            let Some(start) = seconds(&attempt.started_at) else { continue };
            let end = attempt.ended_at.as_deref().and_then(seconds);
            let sign = match attempt.outcome {
                Some(AttemptOutcome::Done | AttemptOutcome::Split) => '=',
                Some(AttemptOutcome::BackedOff) => '~',
                Some(_) => 'x',
                None => '>',
            };
            let last = if sign == '>' { WIDTH - 1 } else { place(end.unwrap_or(start)) };
            cells[place(start)..=last.max(place(start))].fill(sign);
        }
        cells.iter().collect::<String>().trim_end().to_owned()
    }
}

/// Returns the seconds since the epoch.
fn seconds(time: &str) -> Option<f64> {
    Some(time.parse::<Timestamp>().ok()?.as_duration().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chunk(start: &str, attempts: serde_json::Value) -> ChunkEntry {
        serde_json::from_value(json!({
            "id": export::id::ChunkId::from_random([1; 16]), "dataset": "orders",
            "range": {"of": "span", "start": start, "end": "2024-03-01"}, "state": "done", "attempt": 1,
            "attempts": attempts, "rows": 1234, "bytes": 2048, "reused": false
        }))
        .unwrap()
    }

    #[test]
    fn timeline_shows_every_attempt_and_its_reason() {
        let at = |second: u32| format!("2024-05-01T10:00:{second:02}Z");
        let chunks = [
            chunk(
                "2024-01-01",
                json!([
                    {"number": 1, "startedAt": at(0), "endedAt": at(8), "outcome": "lost",
                        "reason": "the worker died"},
                    {"number": 2, "startedAt": at(16), "endedAt": at(32), "outcome": "done"},
                ]),
            ),
            chunk(
                "2024-02-01",
                json!([{"number": 1, "startedAt": at(0), "endedAt": at(16), "outcome": "done"}]),
            ),
        ];
        let text = text(&chunks);
        for part in [
            "xxxxxxxxx       ================",
            "  +0.0 s  16.0 s  =================\n",
            "orders 2024-01-01 to 2024-03-01, attempt 1 lost: the worker died",
        ] {
            assert!(text.contains(part), "{part:?} is not in:\n{text}");
        }
    }

    #[test]
    fn chunks_that_were_never_read_have_no_timeline() {
        let reused = ChunkEntry { reused: true, ..chunk("2024-01-01", json!([])) };
        assert!(text(&[reused]).ends_with("reused      0  1,234  2.00 KiB"));
    }
}
