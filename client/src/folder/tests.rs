//! Folders with files that a download must leave alone.

use super::*;
use export::id::{ChunkId, TenantId};
use export::manifest::{
    DatasetHead, MANIFEST_VERSION, ManifestChunk, ManifestDataset, ManifestFile, RangeText,
};
use export::object_key::file_key;
use tempfile::TempDir;

const NAME: &str = "orders.20240101-20240201.csv.gz";

fn id(n: u8) -> ExportId {
    ExportId::from_random([n; 16])
}

fn expected(body: &[u8]) -> ExpectedFile {
    ExpectedFile { name: NAME.into(), bytes: body.len() as u64, sha256: hex(&Sha256::digest(body)) }
}

/// Returns a manifest with one file of `orders`, and `empty` without rows.
fn manifest(body: &[u8]) -> Manifest {
    let tenant: TenantId = "acme".parse().unwrap();
    let range =
        RangeText { of: "span".into(), start: Some("2024-01-01".into()), end: Some("2024-02-01".into()) };
    let dataset = |name: &str, rows, file: Option<ManifestFile>| {
        let chunk_id = ChunkId::from_random([1; 16]);
        let (as_of, bytes) = ("2024-02-02T00:00:00Z".to_owned(), file.as_ref().map_or(0, |f| f.bytes));
        let chunk = ManifestChunk {
            id: chunk_id,
            range: range.clone(),
            as_of,
            verified: None,
            reused: false,
            rows,
            file,
        };
        let head = DatasetHead {
            name: name.into(),
            columns: Vec::new(),
            range: Some(range.clone()),
            key: None,
            settle: None,
            watermark: None,
            sample: None,
            hive: None,
            output: export::format::Output::default(),
        };
        ManifestDataset { head, rows, bytes, source: None, chunks: vec![chunk] }
    };
    let ExpectedFile { name, bytes, sha256 } = expected(body);
    let key = file_key(&tenant, ChunkId::from_random([1; 16]), 1, "csv.gz");
    let file = ManifestFile { name, key, bytes, sha256 };
    let datasets = vec![dataset("orders", 3, Some(file)), dataset("empty", 0, None)];
    Manifest {
        version: MANIFEST_VERSION,
        export: id(1),
        tenant,
        revision: "r".into(),
        accepted_at: "2024-02-02T00:00:00Z".into(),
        request: serde_json::json!({}),
        rows: 3,
        bytes,
        consistency: None,
        source: None,
        delivered: None,
        datasets,
    }
}

fn open(directory: &TempDir) -> Folder {
    Folder::open(directory.path(), id(1)).unwrap()
}

fn put(directory: &TempDir, name: &str, text: &str) {
    fs::write(directory.path().join(name), text).unwrap();
}

fn names(result: Result<(), Error>) -> Vec<String> {
    match result {
        Ok(()) => Vec::new(),
        Err(Error::Occupied { names, .. }) => names,
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn user_files_block_the_download_and_stay() {
    let directory = tempfile::tempdir().unwrap();
    put(&directory, NAME, "mine");
    put(&directory, "orders.old.csv.gz", "mine");
    put(&directory, "manifest.json", "{\"name\": \"my web application\"}");
    put(&directory, "empty.20240101-20240201.csv.gz", "mine");
    put(&directory, "notes.txt", "mine");
    fs::create_dir(directory.path().join(format!("{NAME}.part"))).unwrap();
    let (folder, manifest) = (open(&directory), manifest(b"theirs"));
    assert_eq!(
        names(folder.check(&[expected(b"theirs")])),
        [NAME.to_owned(), format!("{NAME}.part (not a file)")]
    );
    let found = names(folder.check_whole(&manifest));
    let expected = [
        "manifest.json",
        "empty.20240101-20240201.csv.gz",
        "orders.old.csv.gz (it looks like a file of this export)",
    ];
    assert_eq!(found, expected);
    assert!(folder.begin(NAME).is_err() && folder.write("empty.20240101-20240201.csv.gz", b"x").is_err());
    let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left.len(), 7, "{left:?}");
    for name in [NAME, "orders.old.csv.gz"] {
        assert_eq!(fs::read(directory.path().join(name)).unwrap(), b"mine");
    }
}

#[test]
fn overwriting_replaces_only_files_of_the_export() {
    let directory = tempfile::tempdir().unwrap();
    put(&directory, NAME, "mine");
    put(&directory, &format!("{NAME}.part"), "mine");
    let folder = open(&directory).overwriting(true);
    assert_eq!(names(folder.check(&[expected(b"theirs")])), [] as [&str; 0]);
    folder.write(NAME, b"theirs").unwrap();
    assert_eq!(fs::read(directory.path().join(NAME)).unwrap(), b"theirs");
    drop(folder);

    fs::remove_file(directory.path().join(NAME)).unwrap();
    fs::create_dir(directory.path().join(NAME)).unwrap();
    put(&directory, "orders.old.csv.gz", "mine");
    let folder = open(&directory).overwriting(true);
    assert_eq!(names(folder.check(&[expected(b"theirs")])), [format!("{NAME} (a directory)")]);
    assert_eq!(names(folder.remove_leftovers(&manifest(b"theirs")).map(drop)), ["orders.old.csv.gz"]);
    assert_eq!(fs::read(directory.path().join("orders.old.csv.gz")).unwrap(), b"mine");
}

#[test]
fn own_files_are_replaced_and_own_leftovers_removed() {
    let directory = tempfile::tempdir().unwrap();
    let folder = open(&directory);
    folder.write(NAME, b"before a retry").unwrap();
    folder.write("orders.20240201-20240301.csv.gz", b"before a retry").unwrap();
    fs::write(folder.begin("orders.20240301-20240401.csv.gz").unwrap(), b"half").unwrap();
    drop(folder);

    // A crash may cut off a note.
    let record = directory.path().join(".sluice-download");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, format!("{text}file 00")).unwrap();

    let (folder, manifest) = (open(&directory), manifest(b"theirs"));
    assert_eq!(names(folder.check(&[expected(b"theirs")])), [] as [&str; 0]);
    assert_eq!(names(folder.check_whole(&manifest)), [] as [&str; 0]);
    folder.write(NAME, b"theirs").unwrap();
    assert_eq!(folder.remove_leftovers(&manifest).unwrap(), 1);
    folder.seal(&manifest, &serde_json::to_vec(&manifest).unwrap()).unwrap();
    let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    left.sort();
    assert_eq!(left, ["manifest.json", NAME]);

    // Files named by the manifest still belong to this export; a file changed since does not.
    let folder = open(&directory);
    assert!(folder.is_ours(NAME).unwrap());
    put(&directory, NAME, "mine by now");
    assert!(!folder.is_ours(NAME).unwrap());
}

#[test]
fn two_downloads_do_not_write_to_one_folder() {
    let directory = tempfile::tempdir().unwrap();
    let first = open(&directory);
    let error = Folder::open(directory.path(), id(1)).unwrap_err();
    assert!(matches!(error, Error::InUse { .. }), "{error:?}");
    first.seal(&manifest(b"x"), b"{}").unwrap();
    fs::remove_file(directory.path().join(MANIFEST_NAME)).unwrap();
    open(&directory);
}

#[test]
fn a_folder_belongs_to_one_export() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(&directory));
    for export in [None, Some(id(2))] {
        let error = Folder::refuse_others(directory.path(), export).unwrap_err();
        assert!(matches!(error, Error::OtherExport { export, .. } if export == id(1)), "{error:?}");
    }
    assert!(Folder::open(directory.path(), id(2)).is_err());
    assert!(Folder::refuse_others(directory.path(), Some(id(1))).is_ok());
}

#[cfg(unix)]
#[test]
fn partial_file_that_is_a_symlink_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    put(&directory, "precious", "mine");
    let link = directory.path().join(format!("{NAME}.part"));
    std::os::unix::fs::symlink(directory.path().join("precious"), link).unwrap();
    assert!(open(&directory).overwriting(true).begin(NAME).is_err());
}

#[test]
fn forged_record_cannot_delete_outside_the_folder() {
    let parent = tempfile::tempdir().unwrap();
    let directory = tempfile::tempdir_in(&parent).unwrap();
    fs::write(parent.path().join("precious.part"), "mine").unwrap();
    put(&directory, ".sluice-download", &format!("export {}\npart ../precious\n", id(1)));
    assert_eq!(open(&directory).remove_leftovers(&manifest(b"rows")).unwrap(), 0);
    assert!(parent.path().join("precious.part").exists());
}

#[cfg(unix)]
#[test]
fn record_that_is_a_symlink_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    put(&directory, "precious", "mine");
    let link = directory.path().join(".sluice-download");
    std::os::unix::fs::symlink(directory.path().join("precious"), link).unwrap();
    assert!(Folder::open(directory.path(), id(1)).is_err());
    assert_eq!(fs::read_to_string(directory.path().join("precious")).unwrap(), "mine");
}

const PLACED: &str = "orders/month=2024-01/part-20240101-20240201.csv.gz";

#[test]
fn folders_of_partitions_are_created_and_removed_with_their_files() {
    let directory = tempfile::tempdir().unwrap();
    let folder = open(&directory);
    folder.write(PLACED, b"theirs").unwrap();
    folder.write("orders/month=2024-02/part-20240201-20240301.csv.gz", b"before a retry").unwrap();
    fs::write(folder.begin("orders/month=2024-03/part-20240301-20240401.csv.gz").unwrap(), b"half").unwrap();
    let mut manifest = manifest(b"theirs");
    manifest.datasets[0].head.hive = Some(export::layout::Hive::Month);
    manifest.datasets[0].chunks[0].file.as_mut().unwrap().name = PLACED.into();
    assert_eq!(names(folder.check_whole(&manifest)), [] as [&str; 0]);
    assert_eq!(folder.remove_leftovers(&manifest).unwrap(), 1);
    let left: Vec<_> = fs::read_dir(directory.path().join("orders")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(fs::read(directory.path().join(PLACED)).unwrap(), b"theirs");
}

#[test]
fn a_file_or_a_link_in_place_of_a_folder_is_an_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let placed = ExpectedFile { name: PLACED.into(), ..expected(b"theirs") };
    put(&directory, "orders", "mine");
    let folder = open(&directory);
    assert_eq!(names(folder.check(std::slice::from_ref(&placed))), ["orders (not a directory)"]);
    assert!(folder.begin(PLACED).is_err());
    fs::remove_file(directory.path().join("orders")).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(elsewhere.path(), directory.path().join("orders")).unwrap();
        assert_eq!(names(folder.check(std::slice::from_ref(&placed))), ["orders (not a directory)"]);
        assert!(folder.begin(PLACED).is_err());
    }
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}
