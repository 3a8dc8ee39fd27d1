//! Directories that are correct, and directories that are not.

use super::*;
use crate::empty;
use export::cut::Consistency;
use export::format::{Format, Output};
use export::id::hex;
use export::manifest::{ColumnHead, ConsistencyLevel, DatasetHead, ManifestChunk, RangeText};
use sha2::{Digest, Sha256};
use std::io::Write;
use tempfile::TempDir;

const NAME: &str = "orders.20240101-20240201.csv.gz";

fn gzip(texts: &[&str]) -> Vec<u8> {
    let member = |text: &&str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    texts.iter().flat_map(member).collect()
}

fn head(name: &str) -> DatasetHead {
    let range =
        RangeText { of: "span".into(), start: Some("2024-01-01".into()), end: Some("2024-02-01".into()) };
    DatasetHead {
        name: name.into(),
        columns: vec![ColumnHead { name: "id".into(), type_name: "bigint".into(), parquet: None }],
        range: Some(range),
        key: None,
        settle: None,
        watermark: None,
        sample: None,
        hive: None,
        output: Output::default(),
    }
}

fn dataset(name: &str, rows: u64, file: Option<ManifestFile>) -> ManifestDataset {
    let head = head(name);
    let bytes = file.as_ref().map_or(0, |f| f.bytes);
    let range = head.range.clone().unwrap();
    let id = export::id::ChunkId::from_random([1; 16]);
    let chunk = ManifestChunk {
        id,
        range,
        as_of: "2024-02-02T00:00:00Z".into(),
        verified: None,
        reused: false,
        rows,
        file,
    };
    ManifestDataset { head, rows, bytes, source: None, chunks: vec![chunk] }
}

/// Creates a directory with one file of three records in two gzip members, and one empty dataset.
fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let body = gzip(&["id\n1\n", "\"a\nb\"\n3\n"]);
    let sha256 = hex(&Sha256::digest(&body));
    let file = ManifestFile { name: NAME.into(), key: "k".into(), bytes: body.len() as u64, sha256 };
    let (orders, empty) = (dataset("orders", 3, Some(file)), dataset("empty", 0, None));
    let path = directory.path().join(empty::file_name(&empty.head));
    fs::write(path, empty::file(&empty.head).unwrap()).unwrap();
    let manifest = Manifest {
        version: MANIFEST_VERSION,
        export: ExportId::from_random([7; 16]),
        tenant: "acme".parse().unwrap(),
        revision: "r".into(),
        accepted_at: "2024-02-02T00:00:00Z".into(),
        request: serde_json::json!({}),
        rows: 3,
        bytes: orders.bytes,
        consistency: None,
        source: None,
        delivered: None,
        datasets: vec![orders, empty],
    };
    fs::write(directory.path().join(NAME), body).unwrap();
    write(&directory, &manifest);
    directory
}

fn write(directory: &TempDir, manifest: &Manifest) {
    fs::write(directory.path().join(MANIFEST_NAME), serde_json::to_vec(manifest).unwrap()).unwrap();
}

fn faults(directory: &TempDir) -> Vec<String> {
    let report = verify(directory.path(), &|_| ()).unwrap();
    report.faults.into_iter().map(|f| format!("{}: {}", f.subject, f.message)).collect()
}

#[test]
fn complete_download_has_no_faults() {
    let report = verify(directory().path(), &|_| ()).unwrap();
    assert_eq!(report.faults, []);
    assert_eq!((report.datasets, report.files, report.rows), (2, 2, 3), "files that lie there are counted");
}

#[test]
fn files_of_a_snapshot_show_its_instant() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    manifest.request = serde_json::json!({"consistency": "snapshot"});
    write(&directory, &manifest);
    let found = faults(&directory);
    assert!(found.iter().any(|fault| fault.contains("has no snapshot")), "{found:?}");
    let as_of = manifest.datasets[0].chunks[0].as_of.clone();
    manifest.consistency =
        Some(ConsistencyLevel { level: Consistency::Snapshot, as_of: as_of.clone(), lsn: None });
    write(&directory, &manifest);
    let report = verify(directory.path(), &|_| ()).unwrap();
    assert_eq!((report.faults, report.as_of), (vec![], Some(as_of)));
    manifest.datasets[1].chunks[0].as_of = "2024-02-02T00:00:01Z".into();
    write(&directory, &manifest);
    assert_eq!(
        faults(&directory),
        ["empty: it does not show the instant 2024-02-02T00:00:00Z of the snapshot"]
    );
}

#[test]
fn missing_and_damaged_files_are_found() {
    let directory = directory();
    let path = directory.path().join(NAME);
    let body = fs::read(&path).unwrap();
    let mut flipped = body.clone();
    flipped[20] ^= 1;
    fs::write(&path, flipped).unwrap();
    assert!(faults(&directory)[0].contains("its SHA-256 is"), "{:?}", faults(&directory));
    fs::write(&path, &body[1..]).unwrap();
    assert!(faults(&directory)[0].contains("bytes, not"), "{:?}", faults(&directory));
    fs::remove_file(&path).unwrap();
    assert_eq!(faults(&directory), [format!("{NAME}: it is missing")]);
}

#[test]
fn a_wrong_count_of_rows_is_found() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    (manifest.rows, manifest.datasets[0].rows, manifest.datasets[0].chunks[0].rows) = (4, 4, 4);
    write(&directory, &manifest);
    assert_eq!(faults(&directory), [format!("{NAME}: it has 3 rows, not 4")]);
}

#[test]
fn a_gap_and_a_wrong_total_are_found() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    manifest.datasets[0].chunks[0].range.end = Some("2024-01-31".into());
    manifest.rows = 9;
    write(&directory, &manifest);
    let found = faults(&directory);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].contains("end at 2024-01-31, not at 2024-02-01"), "{found:?}");
}

#[test]
fn unlisted_files_of_the_export_are_found() {
    let directory = directory();
    fs::write(directory.path().join("orders.20230101-20240101.csv.gz"), "x").unwrap();
    fs::write(directory.path().join("notes.txt"), "x").unwrap();
    assert_eq!(faults(&directory), ["orders.20230101-20240101.csv.gz: it is not in the manifest"]);
}

#[test]
fn only_a_valid_empty_parquet_file_is_accepted() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    fs::remove_file(directory.path().join("empty.20240101-20240201.csv.gz")).unwrap();
    manifest.datasets[1].head.output.format = Format::Parquet;
    write(&directory, &manifest);
    let report = verify(directory.path(), &|_| ()).unwrap();
    assert_eq!((report.files, report.faults), (1, vec![]), "an older client made none");
    let path = directory.path().join("empty.20240101-20240201.parquet");
    fs::write(&path, empty::file(&manifest.datasets[1].head).unwrap()).unwrap();
    let report = verify(directory.path(), &|_| ()).unwrap();
    assert_eq!((report.files, report.faults), (2, vec![]));
    fs::write(&path, "PAR1").unwrap();
    assert_eq!(faults(&directory).len(), 1);
}

#[test]
fn samples_are_reported_and_have_no_more_rows_than_they_may() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    manifest.datasets[0].head.sample = Some(export::manifest::Sample { limit: 3 });
    write(&directory, &manifest);
    let report = verify(directory.path(), &|_| ()).unwrap();
    assert_eq!((report.faults, report.samples), (vec![], [("orders".to_owned(), 3)].into()));
    manifest.datasets[0].head.sample = Some(export::manifest::Sample { limit: 2 });
    write(&directory, &manifest);
    assert_eq!(faults(&directory), ["orders: it has 3 rows, but is a sample of at most 2"]);
}

#[test]
fn files_in_folders_of_partitions_are_checked() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    let name = "orders/month=2024-01/part-20240101-20240201.csv.gz";
    manifest.datasets[0].head.hive = Some(export::layout::Hive::Month);
    manifest.datasets[0].chunks[0].file.as_mut().unwrap().name = name.into();
    write(&directory, &manifest);
    let folder = directory.path().join("orders/month=2024-01");
    fs::create_dir_all(&folder).unwrap();
    fs::rename(directory.path().join(NAME), directory.path().join(name)).unwrap();
    assert_eq!(faults(&directory), [] as [&str; 0]);
    fs::write(folder.join("part-old.csv.gz"), "x").unwrap();
    fs::write(folder.join("notes.txt"), "x").unwrap();
    fs::write(directory.path().join("orders/part-old.csv.gz"), "x").unwrap();
    let message = "it is not in the manifest";
    assert_eq!(
        faults(&directory),
        [
            format!("orders/month=2024-01/part-old.csv.gz: {message}"),
            format!("orders/part-old.csv.gz: {message}")
        ]
    );
}

#[test]
fn files_that_were_found_unchanged_are_counted() {
    let directory = directory();
    let mut manifest = read_manifest(directory.path()).unwrap();
    for dataset in &mut manifest.datasets {
        dataset.chunks[0].verified = Some(export::proof::Verified::Unchanged);
    }
    write(&directory, &manifest);
    let report = verify(directory.path(), &|_| ()).unwrap();
    assert_eq!(
        (report.faults, report.files, report.unchanged),
        (vec![], 2, 1),
        "the empty chunk has no file"
    );
}
