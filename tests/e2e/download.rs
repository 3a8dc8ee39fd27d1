//! `sluice download` into folders that are not empty.

use std::path::Path;
use std::process::Output;

use export::id::ExportId;
use serde_json::{Value, json};
use tests::System;

use crate::cli::sluice;

fn download(system: &System, id: ExportId, out: &Path, more: &[&str]) -> Output {
    let words = ["--json", "download", &id.to_string(), "--out", out.to_str().unwrap()];
    sluice(system, &[&words, more].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_user_files_are_kept_and_refuse_the_download() {
    let system = System::get().await;
    let request = json!({"datasets": ["visits", "nothing"], "startDate": "2024-01-01", "endDate": "2024-01-31",
        "format": "parquet"});
    let exported = system.export(&request).await.unwrap();
    let id = exported.manifest.export;
    let name = &exported.manifest.datasets[0].chunks[0].file.as_ref().unwrap().name;
    let folder = tempfile::tempdir().unwrap();
    let mine = folder.path().join(name);
    std::fs::write(&mine, "mine").unwrap();
    let refused = download(system, id, folder.path(), &[]);
    let stderr = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains(name.as_str()) && stderr.contains("--overwrite"), "{stderr}");
    assert_eq!(std::fs::read(&mine).unwrap(), b"mine");
    let there: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert_eq!(there.len(), 2, "the file and the record alone: {there:?}");

    std::fs::remove_file(&mine).unwrap();
    std::fs::create_dir(&mine).unwrap();
    let refused = download(system, id, folder.path(), &["--overwrite"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    std::fs::remove_dir(&mine).unwrap();

    std::fs::write(&mine, "mine").unwrap();
    let loaded = download(system, id, folder.path(), &["--overwrite"]);
    assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
    let loaded: Value = serde_json::from_slice(&loaded.stdout).unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().count() - 1;
    // In addition to the manifest, this includes the file of the dataset without rows.
    assert_eq!(loaded["download"]["loaded"], files);
    assert_eq!(loaded["download"]["datasets"], 2);
    let verified = sluice(system, &["--json", "verify", folder.path().to_str().unwrap()]);
    let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!((&verified["files"], &verified["faults"]), (&json!(files), &json!([])));
}
