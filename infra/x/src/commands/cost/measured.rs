//! The measurements of `infra/measured.json`, and the pace of rows that follows from them.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::machine::paths;

/// Contents of the file.
#[derive(Debug, Deserialize)]
pub(super) struct Measured {
    /// Machine and dates.
    pub(super) what: String,
    pub(super) formats: BTreeMap<String, Format>,
    pub(super) dispatch: Dispatch,
    pub(super) runs: Vec<Run>,
}

/// Sums over the large chunks of a run in one format.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Format {
    /// Number of chunks.
    #[serde(default)]
    pub(super) chunks: usize,
    pub(super) rows: u64,
    /// Bytes of binary COPY.
    pub(super) source_bytes: u64,
    pub(super) file_bytes: u64,
    /// Processor time of workers.
    pub(super) cpu_secs: f64,
    /// Time of sessions.
    pub(super) database_secs: f64,
}

/// One export in one format, and its chunks in the order in which they began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) format: String,
    pub(super) budget: u32,
    /// Time from acceptance to the end.
    pub(super) wall_secs: f64,
    pub(super) chunk_secs: Vec<f64>,
    pub(super) planned_bytes: Vec<u64>,
}

/// Milliseconds of one decision of `dispatch()` by number of tenants.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Dispatch {
    /// Description of the calls.
    pub(super) how: String,
    /// With all tenants waiting.
    pub(super) all: BTreeMap<u32, f64>,
    /// With ten tenants waiting.
    pub(super) ten: BTreeMap<u32, f64>,
}

impl Measured {
    /// Reads the file.
    pub(super) fn load() -> Result<Self> {
        let file = paths::root().join("infra/measured.json");
        let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is malformed", file.display()))
    }
}

impl Run {
    /// Returns the planned bytes of all chunks.
    pub(super) fn bytes(&self) -> f64 {
        self.planned_bytes.iter().sum::<u64>() as f64
    }

    /// Returns the seconds of workers for which the run held them: all of its time.
    pub(super) fn held_secs(&self) -> f64 {
        self.wall_secs * f64::from(self.budget)
    }
}

/// Resources that one row of the measured tables needs, in one format.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// Processor time of a worker.
    pub(super) cpu_secs: f64,
    /// Time of a session.
    pub(super) database_secs: f64,
    pub(super) source_bytes: f64,
    pub(super) file_bytes: f64,
    /// Time of a worker in a whole run: all the time for which the run held its workers.
    pub(super) run_secs: f64,
}

impl Pace {
    /// Returns the pace in this format.
    ///
    /// # Errors
    /// If there is no run in the format.
    pub(super) fn of(measured: &Measured, name: &str) -> Result<Self> {
        let run = measured.runs.iter().find(|run| run.format == name);
        let (seen, run) = measured.formats.get(name).zip(run).with_context(|| format!("no run of {name}"))?;
        let rows = seen.rows as f64;
        let row_bytes = seen.source_bytes as f64 / rows;
        Ok(Self {
            cpu_secs: seen.cpu_secs / rows,
            database_secs: seen.database_secs / rows,
            source_bytes: row_bytes,
            file_bytes: seen.file_bytes as f64 / rows,
            run_secs: run.held_secs() / run.bytes() * row_bytes,
        })
    }

    /// Returns the seconds of a worker that waits for nothing: worker or database, whichever is slower, on a
    /// processor of its own.
    pub(super) fn least_secs(&self) -> f64 {
        self.cpu_secs.max(self.database_secs)
    }
}

#[cfg(test)]
mod tests {
    use export::forecast::SECS_PER_BYTE;

    use super::*;

    #[test]
    fn the_pace_of_a_run_is_all_the_time_for_which_it_held_its_workers() {
        let measured: Measured = serde_json::from_value(serde_json::json!({
            "what": "by hand",
            "formats": {"a": {
                "rows": 1000, "cpuSecs": 1.0, "databaseSecs": 2.0, "sourceBytes": 50_000, "fileBytes": 10_000,
            }},
            "dispatch": {"how": "by hand", "all": {}, "ten": {}},
            "runs": [{
                "format": "a", "budget": 4, "wallSecs": 10.0, "chunkSecs": [], "plannedBytes": [60_000, 40_000],
            }],
        }))
        .unwrap();
        // 40 seconds for 100,000 bytes, which are 2000 rows.
        assert!((Pace::of(&measured, "a").unwrap().run_secs - 0.02).abs() < 1e-9);
        assert!(Pace::of(&measured, "b").is_err());
    }

    #[test]
    fn the_slower_of_worker_and_database_counts() {
        let pace = Pace { cpu_secs: 1e-6, database_secs: 3e-6, ..Pace::default() };
        assert_eq!(pace.least_secs(), 3e-6);
    }

    #[test]
    fn a_session_is_as_fast_as_the_forecast_assumes() {
        for (name, format) in Measured::load().unwrap().formats {
            let wanted = format.source_bytes as f64 * SECS_PER_BYTE;
            assert!((format.database_secs - wanted).abs() < 0.005, "{name}: {}", format.database_secs);
        }
    }
}
