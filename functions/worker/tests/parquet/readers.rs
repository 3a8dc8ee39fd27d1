//! Collection of files for the Python program that reads them, and its start. Each is a table as Parquet, next to
//! PostgreSQL's own text of it.

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use export::column::{Column, ColumnType};
use export::format::{Compression, CsvOptions, Format, Output};
use serde_json::json;
use source::SourceError;
use worker::pipeline::PipelineError;

use crate::server::Bench;

/// A Python with DuckDB and pyarrow.
pub(crate) struct Readers(String);

/// Files that are compared together, since starting Python takes longer than comparing one.
pub(crate) struct Folder<'a> {
    python: &'a str,
    path: PathBuf,
    files: Cell<usize>,
}

impl Readers {
    pub(crate) fn find() -> Option<Self> {
        let found = std::env::var("SLUICE_PARQUET_PYTHON").ok().map(Self);
        if found.is_none() {
            println!("skipped: SLUICE_PARQUET_PYTHON is not set");
        }
        found
    }

    pub(crate) fn folder(&self, name: &str, version: i32) -> Folder<'_> {
        let path =
            std::env::temp_dir().join(format!("sluice-parquet-{}-{name}-{version}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder { python: &self.0, path, files: Cell::new(0) }
    }
}

impl Folder<'_> {
    /// Adds a table as strings, and as native types without the values that Parquet cannot hold.
    pub(crate) async fn table(&self, bench: &mut Bench, table: &str) {
        let columns = bench.columns(table).await;
        let strings: Vec<_> = columns.iter().map(|c| Column { as_text: true, ..c.clone() }).collect();
        self.file(bench, table, &strings, Compression::Zstd).await;
        for column in &columns {
            if let Some(unfit) = unfit(column) {
                let name = source::sql::identifier(&column.name);
                bench.run(&format!("update SCHEMA.{table} t set {name} = null where {unfit}")).await;
            }
        }
        self.file(bench, table, &columns, Compression::Zstd).await;
    }

    /// Adds the file of a table.
    pub(crate) async fn file(
        &self,
        bench: &mut Bench,
        table: &str,
        columns: &[Column],
        compression: Compression,
    ) {
        let name = format!("{:03}-{table}", self.files.replace(self.files.get() + 1));
        let path = |extension| self.path.join(format!("{name}.{extension}"));
        let bytes = parquet(bench, table, columns, compression).await;
        fs::write(path("parquet"), bytes.unwrap_or_else(|e| panic!("{table}: {e}"))).unwrap();
        fs::write(path("txt"), text(bench, table, columns).await).unwrap();
        let columns = columns.iter().map(|c| {
            json!({ "name": c.name, "kind": c.kind, "array": c.array, "typmod": c.typmod, "asText": c.as_text })
        });
        fs::write(path("json"), json!(columns.collect::<Vec<_>>()).to_string()).unwrap();
    }

    /// Compares all files added.
    pub(crate) fn compare(self, bench: &Bench) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/parquet/compare.py");
        let output = Command::new(self.python)
            .arg(script)
            .arg(&self.path)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let [stdout, stderr] =
            [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(
            output.status.success(),
            "PostgreSQL {}, {}:\n{}{}",
            bench.version,
            self.path.display(),
            stdout,
            stderr
        );
        print!("PostgreSQL {}: {}", bench.version / 10_000, stdout);
        fs::remove_dir_all(self.path).unwrap();
    }
}

/// Returns a condition on rows whose value the column's Parquet type cannot hold.
fn unfit(column: &Column) -> Option<String> {
    let name = source::sql::identifier(&column.name);
    let unfit = |value: &str| match column.kind {
        ColumnType::Date => Some(format!("not isfinite({value})")),
        ColumnType::Timestamp => {
            Some(format!("(not isfinite({value}) or {value} > '294247-01-10 04:00:54.775806')"))
        }
        ColumnType::Timestamptz => {
            Some(format!("(not isfinite({value}) or {value} > '294247-01-10 04:00:54.775806+00')"))
        }
        ColumnType::Time => Some(format!("{value} = '24:00:00'")),
        ColumnType::Numeric if column.typmod >= 0 => Some(format!("{value} = 'NaN'")),
        _ => None,
    };
    if !column.array {
        return unfit(&format!("t.{name}"));
    }
    let element = unfit("e")
        .map_or(String::new(), |unfit| format!(" or exists (select from unnest(t.{name}) e where {unfit})"));
    Some(format!("array_ndims(t.{name}) > 1{element}"))
}

/// Returns a table as Parquet.
pub(crate) async fn parquet(
    bench: &mut Bench,
    table: &str,
    columns: &[Column],
    compression: Compression,
) -> Result<Vec<u8>, PipelineError<SourceError>> {
    let output = Output { format: Format::Parquet, compression, csv: CsvOptions::default() };
    bench.written(table, columns, output).await
}

/// Returns the output of `COPY` in its text format, which involves no code of the worker.
pub(crate) async fn text(bench: &mut Bench, table: &str, columns: &[Column]) -> Vec<u8> {
    let select = bench.select(table, columns);
    bench.copy(&format!("copy ({select}) to stdout")).await
}
