//! The file of a dataset without rows has the same types as files with rows, for every reader.

use std::process::Command;

use bytes::Bytes;
use export::column::{Column, ColumnType};
use export::format::{Compression, Format, Output};
use export::manifest::{ColumnHead, DatasetHead};
use tests::skipped;
use worker::decode::Block;
use worker::encode::encoder;

const READ: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/e2e/formats/read_types.py");

/// Returns one column of every decoded type, also as array, with the relevant modifiers, and as text.
fn columns() -> Vec<Column> {
    let decimal = |precision: i32, scale: i32| (precision << 16) + scale + 4;
    let numerics = [(9, 0), (9, 9), (10, 2), (18, 4), (19, 2), (28, 10), (38, 0), (39, 2)];
    let plain = ColumnType::ALL.into_iter().map(|kind| Column::native("", 0, kind));
    let numerics = numerics.into_iter().map(|(precision, scale)| {
        let numeric = Column::native("", 1700, ColumnType::Numeric);
        Column { typmod: decimal(precision, scale), ..numeric }
    });
    let values: Vec<_> = plain.chain(numerics).collect();
    let lists = values.iter().map(|column| Column { array: true, ..column.clone() });
    let texts = values.iter().map(|column| Column { as_text: true, ..column.clone() });
    let all = values.iter().cloned().chain(lists).chain(texts).enumerate();
    all.map(|(n, column)| Column { name: format!("c{n} \u{e9}"), type_name: "a domain".into(), ..column })
        .collect()
}

#[test]
fn parquet_types_match_with_and_without_rows() {
    let Ok(python) = std::env::var("SLUICE_PARQUET_PYTHON") else {
        return skipped("SLUICE_PARQUET_PYTHON, a Python with DuckDB and pyarrow", "cargo x test sets it");
    };
    let columns = columns();
    let output = Output { format: Format::Parquet, compression: Compression::Zstd, ..Output::default() };
    let head = DatasetHead {
        name: "d".into(),
        columns: columns.iter().map(|column| ColumnHead::new(column, Format::Parquet)).collect(),
        range: None,
        key: None,
        settle: None,
        watermark: None,
        sample: None,
        hive: None,
        output: output.clone(),
    };
    // As parsed from a manifest.
    let head: DatasetHead = serde_json::from_str(&serde_json::to_string(&head).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [without, with] = ["without", "with"].map(|name| folder.path().join(name).with_extension("parquet"));
    std::fs::write(&without, client::empty_file(&head).unwrap()).unwrap();

    // One row of NULLs.
    let mut row = i16::try_from(columns.len()).unwrap().to_be_bytes().to_vec();
    row.extend(columns.iter().flat_map(|_| (-1i32).to_be_bytes()));
    let (mut encoder, mut file) = (encoder(&columns, &output), Vec::new());
    encoder.block(&Block { bytes: Bytes::from(row), rows: 1, before: 0 }, &mut file).unwrap();
    encoder.finish(&mut file).unwrap();
    std::fs::write(&with, file).unwrap();

    let read = Command::new(python).arg(READ).args([&without, &with]).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!((&read[0]["rows"], &read[1]["rows"]), (&0.into(), &1.into()));
    for reader in ["parquet", "arrow", "duckdb"] {
        assert_eq!(read[0][reader], read[1][reader], "{reader}");
    }
}
