//! SIGKILL in the middle of a COPY.

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
    let lost = system.number(&format!("select count(*) from sluice.attempt a join sluice.link l on l.chunk_id = a.chunk_id where l.export_id = '{id}' and a.outcome = 'lost'")).await.unwrap();
    assert!(lost >= 1, "the kill hit an attempt");
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
