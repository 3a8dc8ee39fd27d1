//! The numerical goals, and which of them are reached.
//!
//! All are ratios to another line of the same interleaved run, except memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::lines::{CONNECTORX, DUCKDB, PSQL_BINARY, PSQL_CSV, PSQL_GZIP, PSQL_JSON};
use super::rounds::Summary;
use super::table::megabytes;

/// One goal of the worker.
pub(super) struct Goal {
    pub(super) name: &'static str,
    /// Sluice's lines that discard their file. With the suffix [`TO_S3`] they upload it. With several lines, the worst
    /// counts.
    ours: &'static [&'static str],
    measure: Measure,
    must: f64,
    stretch: f64,
}

/// Kind of comparison. The text names the other line.
#[derive(Clone, Copy)]
enum Measure {
    /// Speed of Sluice relative to the other line.
    Speed(&'static str),
    /// Database time of Sluice as a share of the other line's.
    Database(&'static str),
    /// File size of Sluice as a share of the other line's.
    Size(&'static str),
    /// Megabytes of memory.
    Memory,
}

use Measure::{Database, Memory, Size, Speed};

pub(super) const TO_S3: &str = ", to S3";

pub(super) const GOALS: &[Goal] = &[
    goal("csv: speed, psql csv", &["sluice csv"], Speed(PSQL_CSV), 1.2, 1.5),
    goal("csv: database CPU, psql csv", &["sluice csv"], Database(PSQL_CSV), 0.80, 0.65),
    goal("csv.gz: speed, psql csv | gzip -6 (beyond: 3.2)", &["sluice csv.gz"], Speed(PSQL_GZIP), 2.2, 2.8),
    goal("csv.gz: size, psql csv | gzip -6", &["sluice csv.gz"], Size(PSQL_GZIP), 1.0, 1.0),
    goal("csv.zst: speed, psql csv", &["sluice csv.zst"], Speed(PSQL_CSV), 1.2, 1.4),
    goal("ndjson: speed, psql row_to_json", &["sluice ndjson"], Speed(PSQL_JSON), 2.0, 2.5),
    goal("ndjson: database CPU, psql row_to_json", &["sluice ndjson"], Database(PSQL_JSON), 0.5, 0.4),
    goal("parquet: speed, psql binary", &["sluice parquet zstd"], Speed(PSQL_BINARY), 0.95, 1.1),
    goal("parquet: speed, ConnectorX", &["sluice parquet zstd"], Speed(CONNECTORX), 1.6, 1.9),
    goal("parquet: speed, DuckDB", &["sluice parquet zstd"], Speed(DUCKDB), 0.95, 1.15),
    goal("parquet: size, DuckDB", &["sluice parquet zstd"], Size(DUCKDB), 1.05, 0.95),
    goal(
        "row formats: peak memory, MB",
        &["sluice csv", "sluice csv.gz", "sluice csv.zst", "sluice ndjson"],
        Memory,
        64.0,
        32.0,
    ),
    goal("parquet: peak memory, MB", &["sluice parquet zstd"], Memory, 128.0, 64.0),
];

const fn goal(
    name: &'static str,
    ours: &'static [&'static str],
    measure: Measure,
    must: f64,
    stretch: f64,
) -> Goal {
    Goal { name, ours, measure, must, stretch }
}

/// Verdict on one goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Verdict {
    /// The stretch goal is reached.
    Met,
    MustOnly,
    Missed,
    NotMeasured,
}

/// A goal and its measured values.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Judged {
    pub(super) name: &'static str,
    pub(super) must: String,
    pub(super) stretch: String,
    /// Value with the file counted and discarded.
    pub(super) null: Option<f64>,
    /// Value with the file uploaded. If present, it decides.
    pub(super) s3: Option<f64>,
    /// True if all lines had enough quiet runs.
    pub(super) quiet: bool,
    pub(super) verdict: Verdict,
}

impl Goal {
    /// Compares the measured lines with the goal.
    pub(super) fn judge(&self, lines: &BTreeMap<&str, Summary>) -> Judged {
        let null = self.value(lines, "");
        let s3 = self.value(lines, TO_S3);
        let sign = if self.more_is_better() { "≥" } else { "≤" };
        let quiet =
            |suffix: &str| self.used(suffix).iter().all(|name| lines.get(&**name).is_none_or(|l| l.quiet));
        Judged {
            name: self.name,
            must: format!("{sign} {}", self.must),
            stretch: format!("{sign} {}", self.stretch),
            null,
            s3,
            quiet: quiet("") && quiet(TO_S3),
            verdict: self.verdict(s3.or(null)),
        }
    }

    fn more_is_better(&self) -> bool {
        matches!(self.measure, Speed(_))
    }

    fn used(&self, suffix: &str) -> Vec<String> {
        let ours = self.ours.iter().map(|name| format!("{name}{suffix}"));
        let other = match self.measure {
            Speed(other) | Database(other) | Size(other) => Some(other.to_owned()),
            Memory => None,
        };
        ours.chain(other).collect()
    }

    /// Returns the value for one suffix, or `None` unless every line is present.
    fn value(&self, lines: &BTreeMap<&str, Summary>, suffix: &str) -> Option<f64> {
        let ours = self.ours.iter().map(|name| lines.get(format!("{name}{suffix}").as_str()));
        let ours: Vec<&Summary> = ours.collect::<Option<_>>()?;
        let other = |name: &str| lines.get(name);
        let worst = |values: Vec<f64>| {
            values.into_iter().reduce(if self.more_is_better() { f64::min } else { f64::max })
        };
        let each = |of: &dyn Fn(&Summary) -> Option<f64>| {
            ours.iter().map(|line| of(line)).collect::<Option<Vec<f64>>>().and_then(worst)
        };
        match self.measure {
            Speed(name) => {
                let other = other(name)?.wall_secs;
                each(&|line| ratio(other, line.wall_secs))
            }
            Database(name) => {
                let other = other(name)?.database_cpu_secs;
                each(&|line| ratio(line.database_cpu_secs, other))
            }
            Size(name) => {
                let other = other(name)?.out_bytes? as f64;
                each(&|line| ratio(line.out_bytes? as f64, other))
            }
            Memory => each(&|line| Some(megabytes(line.peak_bytes))),
        }
    }

    fn verdict(&self, value: Option<f64>) -> Verdict {
        let Some(value) = value else { return Verdict::NotMeasured };
        let reaches = |limit| if self.more_is_better() { value >= limit } else { value <= limit };
        match (reaches(self.stretch), reaches(self.must)) {
            (true, _) => Verdict::Met,
            (false, true) => Verdict::MustOnly,
            (false, false) => Verdict::Missed,
        }
    }
}

fn ratio(a: f64, b: f64) -> Option<f64> {
    (b > 0.0).then(|| a / b)
}

#[cfg(test)]
mod tests;
