//! `cargo x bench memory`: peak memory of an attempt on tables of different shapes.
//!
//! The engine uploads to the bucket that discards everything, as a worker uploads to S3. The measure is the kernel's
//! high-water mark of its process.

use std::fs;
use std::process::ExitCode;

use anyhow::Result;
use serde_json::json;

use super::database::{Contents, Database};
use super::measure::measure;
use super::table::{Table, megabytes};
use super::{engine, paths, printed, proc};
use crate::machine::progress::Step;
use crate::machine::signals;
use crate::machine::venv::Venv;

const ROWS: u64 = 20_000_000;

/// Name in the table, format, compression, limit in MB.
const FORMATS: [(&str, &str, &str, f64); 5] = [
    ("csv", "csv", "none", 64.0),
    ("csv.gz", "csv", "gzip", 64.0),
    ("csv.zst", "csv", "zstd", 64.0),
    ("ndjson.gz", "ndjson", "gzip", 64.0),
    ("parquet", "parquet", "zstd", 128.0),
];

/// Table and its description. The first is the baseline to which a single value is added.
const TABLES: [(&str, &str); 5] = [
    ("narrow_1m", "narrow, 1 M rows"),
    ("narrow", "narrow, 20 M rows"),
    ("cells", "2,000 rows with 100 KB"),
    ("wide", "400 columns"),
    (SINGLE, "one value of 48 MB"),
];
const SINGLE: &str = "large";
/// Memory that a value of 48 MB may add: three times its size.
const SINGLE_MB: f64 = 3.0 * 48.0;

/// Measures all formats on all tables.
pub(super) fn run() -> Result<ExitCode> {
    let (stack, peers) = (Venv::stack()?, Venv::bench()?);
    let engine = engine::build()?;
    let contents = Contents {
        name: "memory",
        scripts: &["orders.sql", "memory.sql"],
        // Nothing is read from `orders` here.
        variables: vec![("n", 1), ("m", ROWS)],
    };
    let database = Database::start(&contents, &stack)?;
    let paths = paths(&database, &peers, engine, &TABLES.map(|(table, _)| table))?;
    let step = Step::start("Measuring memory");
    let mut peaks = vec![];
    for (table, _) in TABLES {
        let mut row = vec![];
        for (name, format, compression, _) in FORMATS {
            let command = paths.engine(table, format, compression, "s3");
            let peak = measure(command, paths.beside(), &paths.folder).and_then(|_| printed(&paths));
            signals::check()?;
            eprintln!(
                "  {table:<10} {name:<10} {}",
                peak.as_ref().map_or_else(|e| format!("{e:#}"), |p| format!("{} ms", p.wall_ms))
            );
            row.push(peak.map(|printed| printed.peak_bytes).map_err(|error| format!("{error:#}")));
        }
        peaks.push(row);
    }
    step.done("measured");
    let about = format!("PostgreSQL {}, {}", database.ask("show server_version")?, proc::machine());
    drop(database);
    let file = paths.folder.join("memory.json");
    fs::write(&file, serde_json::to_string_pretty(&json!({ "about": about, "peakBytes": peaks }))?)?;
    println!("\n{about}; peak memory in MB, file to S3\n\n{}", render(&peaks));
    for ((_, what), row) in TABLES.iter().zip(&peaks) {
        for ((format, ..), peak) in FORMATS.iter().zip(row) {
            if let Err(why) = peak {
                println!("failed: {format}, {what}: {why}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

type Peak = Result<u64, String>;

fn render(peaks: &[Vec<Peak>]) -> String {
    let head: Vec<&str> =
        ["what"].into_iter().chain(FORMATS.map(|format| format.0)).chain(["verdict"]).collect();
    let mut table = Table::new(&head);
    for ((name, what), row) in TABLES.iter().zip(peaks) {
        let (mut cells, mut missed, mut failed) = (vec![(*what).to_owned()], 0, 0);
        for (i, peak) in row.iter().enumerate() {
            let limit = limit(name, i, &peaks[0]);
            cells.push(match peak {
                Ok(bytes) if limit.is_some_and(|limit| megabytes(*bytes) > limit) => {
                    missed += 1;
                    format!("{:.1} !", megabytes(*bytes))
                }
                Ok(bytes) => format!("{:.1}", megabytes(*bytes)),
                Err(_) => {
                    failed += 1;
                    "failed".to_owned()
                }
            });
        }
        cells.push(match (missed, failed) {
            (0, 0) => "met".to_owned(),
            (0, failed) => format!("{failed} not measured"),
            (missed, _) => format!("{missed} missed"),
        });
        table.row(cells);
    }
    let mut limits = vec!["limit".to_owned()];
    limits.extend(FORMATS.map(|format| format!("≤ {}", format.3)));
    table.row(limits);
    let mut single = vec!["limit, one value".to_owned()];
    single.extend((0..FORMATS.len()).map(|i| {
        limit(SINGLE, i, &peaks[0]).map_or_else(|| "-".to_owned(), |limit| format!("≤ {limit:.1}"))
    }));
    table.row(single);
    table.render()
}

/// Returns the megabytes that this format may use on this table.
fn limit(table: &str, format: usize, base: &[Peak]) -> Option<f64> {
    if table != SINGLE {
        return Some(FORMATS[format].3);
    }
    base[format].as_ref().ok().map(|base| megabytes(*base) + SINGLE_MB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(megabytes: u64) -> Vec<Peak> {
        FORMATS.iter().map(|_| Ok(megabytes * 1_000_000)).collect()
    }

    #[test]
    fn memory_limit_allows_a_single_value_three_times() {
        let base = row(20);
        assert_eq!(limit("wide", 0, &base), Some(64.0));
        assert_eq!(limit("wide", 4, &base), Some(128.0));
        assert_eq!(limit(SINGLE, 0, &base), Some(164.0));
        assert_eq!(limit(SINGLE, 0, &[Err("no".to_owned())]), None);
    }

    #[test]
    fn figures_above_their_limit_are_marked() {
        let mut peaks = vec![row(20), row(64), row(100), row(20), row(164)];
        peaks[3][4] = Err("to be written".to_owned());
        let text = render(&peaks);
        let verdict = |what: &str| {
            let line = text.lines().find(|line| line.contains(what)).unwrap();
            line.split('|').nth(7).unwrap().trim().to_owned()
        };
        assert_eq!(
            (verdict("1 M"), verdict("20 M"), verdict("one value of")),
            ("met".into(), "met".into(), "met".into())
        );
        assert_eq!((verdict("100 KB"), verdict("400 columns")), ("4 missed".into(), "1 not measured".into()));
        assert!(text.contains("100.0 !") && text.contains("≤ 164.0"));
    }
}
