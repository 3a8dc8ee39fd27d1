//! PostgreSQL and the pooler restart while an export runs.

use crate::{SLOW, assert_exact, slow, sweep_until_ended, turn, until_running};

async fn restart(part: &str) {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    system.x(&["restart", part]).unwrap();
    let exported = Box::pin(sweep_until_ended(system, id)).await;
    assert_exact(system, &exported, "slow", SLOW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn export_survives_a_postgresql_restart_during_copy() {
    restart("postgres").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn export_survives_a_pooler_restart_during_copy() {
    restart("pgbouncer").await;
}
