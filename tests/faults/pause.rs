//! `admin pause`, for longer than an export has left, and `admin resume`.

use export::state::ExportStatus;

use crate::{SLOW, assert_exact, slow, sweep_until_ended, turn, until_running};

#[tokio::test(flavor = "multi_thread")]
async fn pause_fails_nothing_and_stops_deadlines() {
    let (system, _turn) = turn().await;
    let running = system.submit(&slow(2)).await.unwrap();
    until_running(system, running).await;
    system.x(&["admin", "pause"]).unwrap();
    let id = system.submit(&slow(1)).await.unwrap();
    let now = "select floor(extract(epoch from clock_timestamp()) * 1000)::bigint";
    // Everything is paused from here on.
    let accepted = system.number(now).await.unwrap();
    let deadline = format!(
        "select (extract(epoch from deadline_at) * 1000)::bigint from sluice.export where id = '{id}'"
    );
    let end_soon = |secs: u32| {
        format!(
            "update sluice.export set deadline_at = clock_timestamp() + interval '{secs} s' where id = '{id}'"
        )
    };
    system.run(&end_soon(2)).await.unwrap();
    // Running attempts continue, nothing else starts.
    let exported = system.fetch(running).await.unwrap();
    assert_exact(system, &exported, "slow", SLOW).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert!(system.number(&deadline).await.unwrap() < system.number(now).await.unwrap());
    sweeper::sweep(&system.sweeper()).await;
    let export = system.client.export(id).await.unwrap();
    assert!(export.status == ExportStatus::Queued && export.errors.is_empty(), "{export:?}");
    assert!(export.paused.is_some_and(|why| why.contains("paused")));
    // The deadline must not pass meanwhile, however long it takes to resume.
    system.run(&end_soon(600)).await.unwrap();
    let paused = system.number(now).await.unwrap() - accepted;
    let before = system.number(&deadline).await.unwrap();
    system.x(&["admin", "resume"]).unwrap();
    let moved = system.number(&deadline).await.unwrap() - before;
    assert!(moved >= paused, "{moved} ms: the {paused} ms of the pause do not count");
    let exported = sweep_until_ended(system, id).await;
    let first_day = "select id, day, body from e2e.slow where day = '2024-01-01'";
    assert_exact(system, &exported, "slow", first_day).await;
    let failures = format!(
        "select coalesce(sum(c.failures), 0)::bigint from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}'"
    );
    assert_eq!(system.number(&failures).await.unwrap(), 0);
}
