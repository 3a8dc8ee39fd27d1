//! SIGKILL in the middle of a COPY.

use export::id::ExportId;
use serde_json::json;
use tests::System;

use crate::asleep::{self, Reading};
use crate::{
    SLOW, assert_exact, assert_nothing_else, kill_workers, slow, sweep_until_ended, turn, until_running,
};

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_loses_and_duplicates_no_rows() {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    kill_workers(system);
    // A row that is inserted between two attempts is in the second one's snapshot.
    system.run("insert into e2e.slow values (100001, '2024-01-02', 'late')").await.unwrap();
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    assert!(exported.records("slow").unwrap().windows(4).any(|w| w == b"late"));
    assert!(lost_attempts(system, id).await >= 1, "the kill hit an attempt");
    system.run("delete from e2e.slow where id = 100001").await.unwrap();

    // Nothing is left of the lost attempt.
    assert_nothing_else(system, &exported).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copy_of_a_killed_worker_ends() {
    let (system, _turn) = turn().await;
    let request = asleep::add(system).await;
    let id = system.submit(&request).await.unwrap();
    let reading = Reading::of(system, id).await;
    kill_workers(system);
    // It has nothing to send, so the server detects the closed client only by `client_connection_check_interval`.
    reading.has_ended(system).await;
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", asleep::ROW).await;
    asleep::remove(system).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_leaves_the_same_sample() {
    let (system, _turn) = turn().await;
    // One day and its column alone: whichever rows of the day are read, the sample is the same.
    let sample = json!({"name": "slow", "columns": ["day"], "limit": 150});
    let request = json!({"datasets": [sample], "startDate": "2024-01-01", "endDate": "2024-01-01"});
    let id = system.submit(&request).await.unwrap();
    until_running(system, id).await;
    kill_workers(system);
    let exported = sweep_until_ended(system, id).await;
    let first = "select day from e2e.slow where day = '2024-01-01' limit 150";
    assert_exact(system, &exported, "slow", first).await;
    assert!(lost_attempts(system, id).await >= 1, "the kill hit an attempt");
    let dataset = &exported.manifest.datasets[0];
    assert_eq!((dataset.chunks.len(), dataset.head.sample.map(|sample| sample.limit)), (1, Some(150)));
    assert_nothing_else(system, &exported).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_worker_leaves_the_same_partitions() {
    let (system, _turn) = turn().await;
    let mut request = slow(2);
    request["layout"] = json!({"hive": "day"});
    let id = system.submit(&request).await.unwrap();
    until_running(system, id).await;
    kill_workers(system);
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    assert!(lost_attempts(system, id).await >= 1, "the kill hit an attempt");
    let names: Vec<_> = exported.contents("slow").unwrap().into_iter().map(|(name, _)| name).collect();
    let part = |day, next| format!("slow/date=2024-01-{day}/part-202401{day}-202401{next}.csv.gz");
    assert_eq!(names, [part("01", "02"), part("02", "03")]);
    assert_nothing_else(system, &exported).await;
}

/// Counts attempts of the export whose worker died.
async fn lost_attempts(system: &System, id: ExportId) -> i64 {
    let query = format!(
        "select count(*) from sluice.attempt a join sluice.link l on l.chunk_id = a.chunk_id where l.export_id = '{id}' and a.outcome = 'lost'"
    );
    system.number(&query).await.unwrap()
}
