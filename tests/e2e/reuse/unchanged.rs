//! Rows that are not settled: what has changed is read, and of the rest the earlier files are used.

use serde_json::{Value, json};
use tests::{Exported, System, copy_csv, sorted_records};

use super::{Work, post};
use crate::api::get;
use crate::cli::{sluice, succeeded};

/// Rows of one part of `checked`.
const PART: i64 = 1_000;
const LISTED: i64 = 500;

/// Exports, and compares both datasets with the database.
async fn exact(start: &str, end: &str, headers: &[(&str, &str)]) -> (Exported, Value) {
    let system = System::get().await;
    let body = json!({"datasets": ["checked", "listed"], "startDate": start, "endDate": end});
    let answer = post(&body, headers).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let id = answer.body["id"].as_str().unwrap();
    let exported = system.fetch(id.parse().unwrap()).await.unwrap();
    for (dataset, condition) in
        [("checked", format!("where day between '{start}' and '{end}'")), ("listed", String::new())]
    {
        let query = format!("select * from e2e.{dataset} {condition}");
        let expected = copy_csv(&system.stack.owner_url, &query).await.unwrap();
        assert_eq!(
            sorted_records(&exported.records(dataset).unwrap()),
            sorted_records(&expected),
            "{dataset}"
        );
    }
    (exported, get(&format!("/exports/{id}")).await.body)
}

/// Returns the rows read of both tables since then, and the bytes of the files that were read for this export.
async fn read_since(system: &System, before: [Work; 2], export: &Value) -> ([i64; 2], i64) {
    let rows = [before[0].rows_since(system, "checked").await, before[1].rows_since(system, "listed").await];
    let bytes = "select coalesce(sum(c.source_bytes), 0)::bigint from sluice.link l join sluice.chunk c on c.id = l.chunk_id \
        where not l.unchanged and not l.reused";
    let id = export["id"].as_str().unwrap();
    (rows, system.number(&format!("{bytes} and l.export_id = '{id}'")).await.unwrap())
}

async fn work(system: &System) -> [Work; 2] {
    [Work::of(system, "checked").await, Work::of(system, "listed").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_changed_is_read_again() {
    let system = System::get().await;
    let (first, last) = ("2024-01-01", "2024-01-30");
    // Three chunks of `checked`, as if they were large.
    let before = work(system).await;
    let mut bytes = 0;
    for (start, end) in [(first, "2024-01-10"), ("2024-01-11", "2024-01-20"), ("2024-01-21", last)] {
        let (_, export) = exact(start, end, &[("cache-control", "no-cache")]).await;
        bytes += read_since(system, before, &export).await.1;
    }
    assert_eq!(read_since(system, before, &json!({"id": ZERO})).await.0, [3 * PART, 3 * LISTED]);

    let touch = "update e2e.checked set label = 'touched' where id = 1500";
    system.run(touch).await.unwrap();
    let before = work(system).await;
    let (exported, export) = exact(first, last, &[]).await;
    let (rows, read) = read_since(system, before, &export).await;
    println!("first exports: {bytes} bytes read; second: {read} bytes, {rows:?} rows");
    assert_eq!(rows, [PART, 0]);
    assert!(read > 0 && read * 3 < bytes, "{read} of {bytes}");
    let chunks = &export["progress"]["chunks"];
    assert_eq!(
        (&chunks["total"], &chunks["unchanged"], &chunks["reused"]),
        (&4.into(), &3.into(), &0.into())
    );

    let listed = get(&format!("/exports/{}/chunks", export["id"].as_str().unwrap())).await;
    for chunk in listed.body["chunks"].as_array().unwrap() {
        let is_touched = chunk["range"]["start"].as_str() == Some("2024-01-11");
        assert_eq!(chunk["verified"] == "unchanged", !is_touched, "{chunk}");
    }
    let manifest = &exported.manifest;
    for chunk in manifest.datasets.iter().flat_map(|dataset| &dataset.chunks) {
        assert!(chunk.as_of > manifest.accepted_at, "the time of the check, not of the earlier read");
    }

    // The command line shows it, with and without a network.
    let id = export["id"].as_str().unwrap();
    let status = succeeded(&sluice(system, &["status", id]));
    assert!(status.contains("4 of 4 done, 0 reused, 3 unchanged, 0 failed"), "{status}");
    let lines = succeeded(&sluice(system, &["chunks", id]));
    assert_eq!(lines.lines().filter(|line| line.contains("unchanged")).count(), 3, "{lines}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("files").display().to_string();
    succeeded(&sluice(system, &["download", id, "--out", &path]));
    let verified = succeeded(&sluice(system, &["verify", &path]));
    assert!(verified.contains("unchanged since an earlier export: 3 files"), "{verified}");

    // An age decides about what is settled; what the source has shown is as good as one read now.
    let before = work(system).await;
    let (_, export) = exact(first, last, &[("cache-control", "max-age=3600")]).await;
    assert_eq!(export["progress"]["chunks"]["unchanged"], 4);
    let (_, export) = exact(first, last, &[("cache-control", "max-age=0")]).await;
    assert_eq!(export["progress"]["chunks"]["unchanged"], 4);
    assert_eq!(read_since(system, before, &export).await, ([0, 0], 0));

    // A request can demand that everything is read.
    let before = work(system).await;
    let (_, export) = exact(first, last, &[("cache-control", "no-cache")]).await;
    assert_eq!(export["progress"]["chunks"]["unchanged"], 0);
    assert_eq!(read_since(system, before, &export).await.0, [3 * PART, LISTED]);
}

/// Id that no export has.
const ZERO: &str = "00000000-0000-0000-0000-000000000000";
