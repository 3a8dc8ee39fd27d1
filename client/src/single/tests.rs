//! Joined files of every format, and directories with them.

use super::*;
use crate::verify::verify;
use export::format::{CsvOptions, Output};
use export::id::{ChunkId, ExportId};
use export::manifest::{ColumnHead, MANIFEST_VERSION, ManifestChunk, ManifestFile, RangeText};
use tempfile::TempDir;

fn id() -> ExportId {
    ExportId::from_random([7; 16])
}

fn head(name: &str, output: Output) -> DatasetHead {
    let column = ColumnHead { name: "id".into(), type_name: "bigint".into(), parquet: None };
    let range = RangeText { of: "all".into(), start: None, end: None };
    DatasetHead {
        name: name.into(),
        columns: vec![column],
        range: Some(range),
        key: None,
        settle: None,
        watermark: None,
        sample: None,
        hive: None,
        output,
    }
}

/// Compresses texts, each as a member of its own.
fn packed(texts: &[&str], compression: Compression) -> Vec<u8> {
    let pack = |text: &&str| match compression {
        Compression::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(text.as_bytes()).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => zstd::bulk::compress(text.as_bytes(), 0).unwrap(),
        Compression::None | Compression::Snappy => text.as_bytes().to_vec(),
    };
    texts.iter().flat_map(pack).collect()
}

/// Writes the files of `orders` and returns the manifest, which also has `empty` without rows.
fn export(folder: &Folder, output: &Output, files: &[&[&str]]) -> Manifest {
    let mut chunks = Vec::new();
    for (n, texts) in files.iter().enumerate() {
        let body = packed(texts, output.compression);
        let name = format!("orders.2024010{n}-2024010{}.{}", n + 1, output.extension());
        folder.write(&name, &body).unwrap();
        let sha256 = hex(&Sha256::digest(&body));
        let file = ManifestFile { name, key: "k".into(), bytes: body.len() as u64, sha256 };
        let day = |n| Some(format!("2024-01-0{n}"));
        let range = RangeText { of: "span".into(), start: day(n + 1), end: day(n + 2) };
        let as_of = "2024-02-02T00:00:00Z".to_owned();
        chunks.push(ManifestChunk {
            id: ChunkId::from_random([1; 16]),
            range,
            as_of,
            verified: None,
            reused: false,
            rows: 2,
            file: Some(file),
        });
    }
    let (rows, bytes) =
        (2 * chunks.len() as u64, chunks.iter().filter_map(|c| c.file.as_ref()).map(|f| f.bytes).sum());
    let whole = RangeText {
        of: "span".into(),
        start: Some("2024-01-01".into()),
        end: Some(format!("2024-01-0{}", files.len() + 1)),
    };
    let orders_head = DatasetHead { range: Some(whole), ..head("orders", output.clone()) };
    let orders = ManifestDataset { head: orders_head, rows, bytes, source: None, chunks };
    let range = RangeText { of: "all".into(), start: None, end: None };
    let (chunk_id, as_of) = (ChunkId::from_random([2; 16]), "2024-02-02T00:00:00Z".to_owned());
    let nothing =
        ManifestChunk { id: chunk_id, range, as_of, verified: None, reused: false, rows: 0, file: None };
    let empty_head = DatasetHead { range: None, ..head("empty", output.clone()) };
    let empty = ManifestDataset { head: empty_head, rows: 0, bytes: 0, source: None, chunks: vec![nothing] };
    Manifest {
        version: MANIFEST_VERSION,
        export: id(),
        tenant: "acme".parse().unwrap(),
        revision: "r".into(),
        accepted_at: "2024-02-02T00:00:00Z".into(),
        request: serde_json::json!({}),
        rows,
        bytes,
        consistency: None,
        source: None,
        delivered: None,
        datasets: vec![orders, empty],
    }
}

fn joined(output: Output, files: &[&[&str]]) -> (TempDir, Manifest, Joined) {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), id()).unwrap();
    let manifest = export(&folder, &output, files);
    let joined = join(&folder, &manifest).unwrap();
    folder.remove_leftovers(&manifest).unwrap();
    folder.seal(&manifest, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    (directory, manifest, joined)
}

fn text(directory: &TempDir, name: &str, output: &Output) -> String {
    let mut raw = BufReader::new(File::open(directory.path().join(name)).unwrap());
    let mut text = String::new();
    crate::rows::decoder(&mut raw, &head("orders", output.clone()))
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[test]
fn joined_csv_has_one_header_with_every_compression() {
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let output = Output { compression, ..Output::default() };
        let (directory, manifest, joined) =
            joined(output.clone(), &[&["id\n1\n", "2\n"], &["id\n3\n", "4\n"], &["id\n\"5\n\"\n6\n"]]);
        let name = format!("orders.{}", output.extension());
        assert_eq!(text(&directory, &name, &output), "id\n1\n2\n3\n4\n\"5\n\"\n6\n", "{compression:?}");
        assert_eq!(text(&directory, &format!("empty.{}", output.extension()), &output), "id\n");
        assert!(joined.is_complete(directory.path(), &manifest));
        let report = verify(directory.path(), &|_| ()).unwrap();
        assert_eq!((report.faults, report.rows, report.files), (Vec::new(), 6, 2), "{compression:?}");
    }
}

#[test]
fn texts_without_headers_are_appended_as_they_are() {
    let csv = CsvOptions { header: false, ..CsvOptions::default() };
    for output in
        [Output { format: Format::Ndjson, ..Output::default() }, Output { csv, ..Output::default() }]
    {
        let (directory, _, _) = joined(output.clone(), &[&["1\n", "2\n"], &["3\n4\n"]]);
        assert_eq!(text(&directory, &format!("orders.{}", output.extension()), &output), "1\n2\n3\n4\n");
        assert!(verify(directory.path(), &|_| ()).unwrap().faults.is_empty());
    }
}

#[test]
fn changed_joined_file_and_returned_parts_are_faults() {
    let (directory, manifest, joined) = joined(Output::default(), &[&["id\n1\n2\n"], &["id\n3\n4\n"]]);
    assert!(Joined::read(directory.path(), ExportId::from_random([8; 16])).is_none());
    std::fs::write(directory.path().join("orders.csv.gz"), "x").unwrap();
    std::fs::write(directory.path().join("orders.20240101-20240102.csv.gz"), "x").unwrap();
    assert!(!joined.is_complete(directory.path(), &manifest));
    let faults = verify(directory.path(), &|_| ()).unwrap().faults;
    let subjects: Vec<_> = faults.iter().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(subjects, ["orders.20240101-20240102.csv.gz", "orders.csv.gz"], "{faults:?}");
}

#[test]
fn file_without_the_expected_header_is_not_joined() {
    let directory = tempfile::tempdir().unwrap();
    let folder = Folder::open(directory.path(), id()).unwrap();
    let manifest = export(&folder, &Output::default(), &[&["id\n1\n2\n"], &["3\n4\n"]]);
    assert!(join(&folder, &manifest).is_err());
}
