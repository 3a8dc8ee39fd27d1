//! Other clients keep the source busy: Sluice waits, reports it, and continues without intervention.

use export::load::Signal;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};
use tests::eventually;

use crate::{SLOW, assert_exact, slow, sweep_until_ended, turn};

/// One more than MaxActiveSessions of the test stack.
const CROWD: usize = 26;

#[tokio::test(flavor = "multi_thread")]
async fn workers_back_off_from_a_busy_database() {
    let (system, _turn) = turn().await;
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let mut session = PgConnection::connect(&system.stack.owner_url).await.unwrap();
        session.execute("set application_name = 'crowd'").await.unwrap();
        // It ends with an error when its session is terminated.
        crowd.push(tokio::spawn(async move { session.execute("select pg_sleep(600)").await.is_err() }));
    }
    let asleep =
        "select count(*) from pg_stat_activity where application_name = 'crowd' and state = 'active'";
    let all = i64::try_from(CROWD).unwrap();
    eventually("the crowd is there", async || system.number(asleep).await.unwrap() >= all).await;
    let id = system.submit(&slow(2)).await.unwrap();
    let mut held = None;
    eventually("the export says that it is held back", async || {
        let export = system.client.export(id).await.unwrap();
        assert!(export.status.is_live(), "{export:?}");
        held = export.back_off;
        held.is_some()
    })
    .await;
    let held = held.unwrap();
    assert_eq!(held.signal, Signal::ActiveSessions);
    assert!(held.reason.contains("above the limit of 25 (MaxActiveSessions)"), "{}", held.reason);
    // A later check finds the same.
    sweeper::sweep(&system.sweeper()).await;
    let read = format!(
        "select count(*) from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}' and c.as_of is not null"
    );
    assert_eq!(system.number(&read).await.unwrap(), 0);
    system
        .run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'crowd'")
        .await
        .unwrap();
    for session in crowd {
        assert!(session.await.unwrap());
    }
    let exported = sweep_until_ended(system, id).await;
    assert_exact(system, &exported, "slow", SLOW).await;
    assert!(system.client.export(id).await.unwrap().back_off.is_none());
}
