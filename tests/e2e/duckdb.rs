//! The views of `sluice sql` in DuckDB: each statement runs, and the views have the rows of the manifest.

use std::collections::BTreeMap;
use std::process::Command;

use export::manifest::Manifest;
use tests::{System, skipped};

use crate::cli::{sluice, succeeded};

/// Runs the statements and prints the number of rows of each view.
const COUNT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/duckdb/count_views.py");

#[tokio::test(flavor = "multi_thread")]
async fn views_have_the_rows_of_the_manifest_in_every_format() {
    let Ok(python) = std::env::var("SLUICE_DOCS_PYTHON") else {
        return skipped("SLUICE_DOCS_PYTHON, a Python with DuckDB and httpfs", "cargo x test sets it");
    };
    let system = System::get().await;
    let home = tempfile::tempdir().unwrap();
    let count = |sql: &str| {
        let file = home.path().join("views.sql");
        std::fs::write(&file, sql).unwrap();
        let printed = succeeded(&Command::new(&python).arg(COUNT).arg(&file).output().unwrap());
        serde_json::from_str::<BTreeMap<String, u64>>(&printed).unwrap()
    };
    for format in ["csv", "ndjson", "parquet"] {
        let out = home.path().join(format!("it's {format}"));
        let out = out.to_str().unwrap();
        let words = ["export", "orders", "visits", "whole", "nothing", "--format", format, "--out", out];
        succeeded(&sluice(system, &[&words[..], &["--from", "2024-01-01", "--to", "2024-01-20"]].concat()));
        let manifest: Manifest =
            serde_json::from_slice(&std::fs::read(format!("{out}/manifest.json")).unwrap()).unwrap();
        let rows: BTreeMap<_, _> =
            manifest.datasets.iter().map(|dataset| (dataset.head.name.clone(), dataset.rows)).collect();
        assert!(rows.len() == 4 && rows["orders"] > 10_000, "{rows:?}");
        assert_eq!(count(&succeeded(&sluice(system, &["sql", out]))), rows, "{format}");
        let of_links = succeeded(&sluice(system, &["sql", &manifest.export.to_string()]));
        let with_files = rows.into_iter().filter(|(_, rows)| *rows > 0).collect();
        assert_eq!(count(&of_links), with_files, "links, {format}");
    }
}
