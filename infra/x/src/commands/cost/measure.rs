//! `cargo x cost measure`: resources that rows need in each format, and durations of exports, on a running stack with
//! the whole sample.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;
use export::forecast::SECS_PER_BYTE;
use export::wire::{ChunkEntry, Export};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Named;
use super::measured::{Format, Run};
use crate::commands::demo::{FIRST_DAY, LAST_DAY};
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{python, signals};
use crate::stack::state::Stack;

/// Format and compression of a request, by the name in the documents.
const FORMATS: [(&str, &str, &str); 4] = [
    ("csv.gzip", "csv", "gzip"),
    ("csv.zstd", "csv", "zstd"),
    ("ndjson.gzip", "ndjson", "gzip"),
    ("parquet.zstd", "parquet", "zstd"),
];

/// Datasets with values that Parquet does not hold; they are left out of every format.
const NOT_IN_PARQUET: [&str; 7] =
    ["agent_shifts", "bins", "brands", "coupons", "every_type", "lots", "routes"];

/// Minimum number of rows of a counted chunk. A smaller chunk depends more on its beginning and end than on its rows.
const MIN_ROWS: u64 = 20_000;

#[derive(Args)]
pub(crate) struct MeasureArgs {
    #[command(flatten)]
    stack: Named,
    /// Measure only these formats, such as csv.gzip.
    formats: Vec<String>,
}

/// Response of the script: an ended export and its chunks.
#[derive(Deserialize)]
struct Exported {
    export: Export,
    chunks: Vec<ChunkEntry>,
}

/// Output of the command.
#[derive(Serialize)]
struct Found {
    formats: BTreeMap<String, Format>,
    runs: Vec<Run>,
}

/// Exports the eleven months of the demo once per format, without reuse, and prints the measurements as JSON.
pub(super) fn run(args: &MeasureArgs) -> Result<()> {
    let known = |name: &String| FORMATS.iter().any(|(known, ..)| name == known);
    if let Some(name) = args.formats.iter().find(|name| !known(name)) {
        bail!("there is no format {name}; use one of {}", FORMATS.map(|(name, ..)| name).join(", "));
    }
    let (stack, venv) = (Stack::running_one(&args.stack.name)?, Venv::stack()?);
    let mut found = Found { formats: BTreeMap::new(), runs: Vec::new() };
    for (name, format, compression) in FORMATS {
        if !args.formats.is_empty() && !args.formats.iter().any(|chosen| chosen == name) {
            continue;
        }
        let step = Step::start(&format!("Exporting the sample as {name}"));
        let request = json!({
            "startDate": FIRST_DAY, "endDate": LAST_DAY, "format": format, "compression": compression,
        });
        let job = json!({"url": stack.url, "key": stack.key, "request": request, "without": NOT_IN_PARQUET});
        let answer = python::call(&venv.python(), "cost/export.py", &job)?;
        signals::check()?;
        let exported: Exported = serde_json::from_value(answer).context("export.py returned no export")?;
        let planned = planned(&exported.chunks);
        let run = timeline(name, stack.budget, &exported, &planned)?;
        step.done(&format!("{} chunks, {} s", exported.chunks.len(), run.wall_secs));
        found.formats.insert(name.to_owned(), summary(&exported.chunks, &planned));
        found.runs.push(run);
    }
    println!("{}", serde_json::to_string_pretty(&found)?);
    Ok(())
}

/// Returns the planned bytes of each chunk. The api does not show those of datasets with a tenant column: they are
/// derived from the files, in the proportion of the other chunks.
fn planned(chunks: &[ChunkEntry]) -> Vec<u64> {
    let written = |chunk: &ChunkEntry| chunk.bytes.unwrap_or_default();
    let shown =
        || chunks.iter().filter(|chunk| written(chunk) > 0).filter(|chunk| chunk.planned_bytes.is_some());
    let bytes: u64 = shown().map(written).sum();
    let per_byte = shown().filter_map(|chunk| chunk.planned_bytes).sum::<u64>() as f64 / bytes.max(1) as f64;
    let derived = |chunk: &ChunkEntry| (written(chunk) as f64 * per_byte).round() as u64;
    chunks.iter().map(|chunk| chunk.planned_bytes.unwrap_or_else(|| derived(chunk))).collect()
}

/// Returns the resources of the large chunks.
///
/// The seconds of a session are computed from the bytes, by the pace that the bench measured with a client that never
/// waits: with everything on one machine they cannot be measured separately.
fn summary(chunks: &[ChunkEntry], planned: &[u64]) -> Format {
    let rows = |chunk: &ChunkEntry| chunk.rows.unwrap_or_default();
    let large: Vec<_> = chunks.iter().zip(planned).filter(|(chunk, _)| rows(chunk) >= MIN_ROWS).collect();
    let source_bytes = large.iter().map(|(_, planned)| **planned).sum();
    let cpu_ms: u64 = large.iter().filter_map(|(chunk, _)| Some(chunk.usage.as_ref()?.cpu_ms)).sum();
    Format {
        chunks: large.len(),
        rows: large.iter().map(|(chunk, _)| rows(chunk)).sum(),
        source_bytes,
        file_bytes: large.iter().filter_map(|(chunk, _)| chunk.bytes).sum(),
        cpu_secs: rounded(cpu_ms as f64 / 1000.0),
        database_secs: rounded(source_bytes as f64 * SECS_PER_BYTE),
    }
}

/// Returns the duration of the export, and of each of its chunks in the order in which they began.
fn timeline(name: &str, budget: u32, exported: &Exported, planned: &[u64]) -> Result<Run> {
    let mut attempts = Vec::new();
    for (chunk, planned) in exported.chunks.iter().zip(planned) {
        let last = chunk.attempts.last().context("a chunk of an ended export has no attempt")?;
        let begun: Timestamp = last.started_at.parse()?;
        attempts.push((begun, secs(&last.started_at, last.ended_at.as_deref())?, *planned));
    }
    attempts.sort_by_key(|(begun, ..)| *begun);
    Ok(Run {
        format: name.to_owned(),
        budget,
        wall_secs: secs(&exported.export.accepted_at, exported.export.ended_at.as_deref())?,
        chunk_secs: attempts.iter().map(|(_, secs, _)| *secs).collect(),
        planned_bytes: attempts.iter().map(|(.., planned)| *planned).collect(),
    })
}

/// Returns the seconds between two times.
fn secs(begun: &str, ended: Option<&str>) -> Result<f64> {
    let begun: Timestamp = begun.parse()?;
    let ended: Timestamp = ended.context("something of an ended export has no end")?.parse()?;
    Ok(rounded(ended.duration_since(begun).as_secs_f64()))
}

/// Rounds to milliseconds.
fn rounded(secs: f64) -> f64 {
    (secs * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported() -> Exported {
        let chunk = |started: &str, ended: &str, rows: u64, bytes: u64, planned: Option<u64>| {
            let mut chunk = json!({
                "id": "01890a5d-ac96-774b-bcce-b302099a8057", "dataset": "orders", "range": {"of": "all"},
                "state": "done", "attempt": 1, "rows": rows, "bytes": bytes, "reused": false,
                "attempts": [{"number": 1, "startedAt": started, "endedAt": ended, "outcome": "done"}],
                "waitedMs": 0, "connectMs": 0, "firstRowMs": 0, "readMs": 0, "encodeMs": 0, "uploadMs": 0,
                "cpuMs": 1500, "peakMemoryBytes": 0,
            });
            if let Some(planned) = planned {
                chunk["plannedBytes"] = json!(planned);
            }
            chunk
        };
        let export = json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "status": "succeeded", "acceptedAt": "2024-01-01T00:00:00Z",
            "endedAt": "2024-01-01T00:00:09.5004Z", "deadlineAt": "2024-01-02T00:00:00Z",
            "request": {}, "revision": "r",
            "progress": {"chunks": {"done": 3, "failed": 0, "reused": 0, "total": 3}, "rows": 0, "bytes": 0,
                "percent": 100.0},
            "links": {"self": "", "files": "", "chunks": ""},
        });
        let chunks = json!([
            chunk("2024-01-01T00:00:02Z", "2024-01-01T00:00:04.25Z", 50_000, 1_000_000, Some(4_000_000)),
            chunk("2024-01-01T00:00:01Z", "2024-01-01T00:00:02Z", 20_000, 500_000, None),
            chunk("2024-01-01T00:00:03Z", "2024-01-01T00:00:03.1Z", 19_999, 0, Some(7)),
        ]);
        serde_json::from_value(json!({"export": export, "chunks": chunks})).unwrap()
    }

    #[test]
    fn bytes_that_are_not_shown_are_derived_from_the_file() {
        assert_eq!(planned(&exported().chunks), [4_000_000, 2_000_000, 7]);
    }

    #[test]
    fn only_large_chunks_count() {
        let chunks = exported().chunks;
        let wanted = Format {
            chunks: 2,
            rows: 70_000,
            source_bytes: 6_000_000,
            file_bytes: 1_500_000,
            cpu_secs: 3.0,
            database_secs: 0.037,
        };
        assert_eq!(summary(&chunks, &planned(&chunks)), wanted);
    }

    #[test]
    fn chunks_are_listed_in_the_order_in_which_they_began() {
        let exported = exported();
        let run = timeline("csv.gzip", 4, &exported, &planned(&exported.chunks)).unwrap();
        assert_eq!((run.wall_secs, run.budget), (9.5, 4));
        assert_eq!(run.chunk_secs, [1.0, 2.25, 0.1]);
        assert_eq!(run.planned_bytes, [2_000_000, 4_000_000, 7]);
    }
}
