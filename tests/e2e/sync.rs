//! `sluice sync`: a directory that is kept equal to the database, and is complete at any time.

use std::path::Path;

use serde_json::{Value, json};
use tests::{System, copy_csv, sorted_records};

use crate::cli::{sluice, succeeded};

/// Runs it, and returns the changes.
fn sync(system: &System, out: &str, more: &[&str]) -> Value {
    let words = [&["--json", "sync", "synced", "--from", "2024-01-01", "--out", out], more].concat();
    let said: Value = serde_json::from_str(&succeeded(&sluice(system, &words))).unwrap();
    said["changes"].clone()
}

fn changes(new: u64, replaced: u64, unchanged: u64, removed: u64) -> Value {
    json!({"new": new, "replaced": replaced, "unchanged": unchanged, "removed": removed})
}

/// Checks that the directory is a complete export with the rows of the database.
async fn is_equal(system: &System, out: &str) {
    succeeded(&sluice(system, &["verify", out]));
    let mut rows = Vec::new();
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(Path::new(out).join("manifest.json")).unwrap()).unwrap();
    for chunk in manifest["datasets"][0]["chunks"].as_array().unwrap() {
        let Some(name) = chunk["file"]["name"].as_str() else { continue };
        let text = std::fs::read_to_string(Path::new(out).join(name)).unwrap();
        rows.extend_from_slice(text.split_once('\n').unwrap().1.as_bytes());
    }
    let expected =
        copy_csv(&system.stack.owner_url, "select * from e2e.synced where day >= '2024-01-01'").await;
    assert_eq!(sorted_records(&rows), sorted_records(&expected.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_brings_what_has_changed() {
    let system = System::get().await;
    let parent = tempfile::tempdir().unwrap();
    let path = parent.path().join("data").display().to_string();
    let plain = ["--compression", "none", "--reuse", "settled"];
    assert_eq!(sync(system, &path, &plain), changes(1, 0, 0, 0));
    is_equal(system, &path).await;
    assert_eq!(sync(system, &path, &plain), changes(0, 0, 1, 0));

    system
        .run("update e2e.synced set label = 'changed' where id = 7; delete from e2e.synced where id = 8")
        .await
        .unwrap();
    assert_eq!(sync(system, &path, &plain), changes(0, 1, 0, 0));
    is_equal(system, &path).await;
    let before = std::fs::read(Path::new(&path).join("manifest.json")).unwrap();

    // A run that fails, or finds foreign files, leaves the directory as it is.
    let refused = sluice(system, &["sync", "nonsense", "--out", &path]);
    assert!(!refused.status.success());
    assert_eq!(std::fs::read(Path::new(&path).join("manifest.json")).unwrap(), before);
    std::fs::write(Path::new(&path).join("mine.txt"), "x").unwrap();
    let refused = sluice(system, &["sync", "synced", "--out", &path]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("mine.txt"), "{text}");
    std::fs::remove_file(Path::new(&path).join("mine.txt")).unwrap();

    // A file that was damaged here is downloaded again, although its export has it unchanged.
    let name = std::fs::read_dir(&path).unwrap().flatten().map(|entry| entry.path());
    let file = name.into_iter().find(|path| path.extension().is_some_and(|e| e == "csv")).unwrap();
    std::fs::write(&file, "broken").unwrap();
    sync(system, &path, &plain);
    is_equal(system, &path).await;
    let left: Vec<_> = std::fs::read_dir(parent.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(left, ["data"], "nothing is left beside it");
}
