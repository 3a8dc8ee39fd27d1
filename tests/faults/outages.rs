//! Conditions of the deployment: the source, the pooler, the database or the bucket is unreachable or refuses. No chunk
//! fails, no attempt is charged, the status names the condition, and work continues without intervention. Nothing
//! sweeps in these tests, except where PostgreSQL and the pooler only restart.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use export::id::ExportId;
use export::load::Signal;
use export::wire::BackOff;
use ports::fault::{Fault, FaultPlan};
use tests::{System, eventually};
use tokio::time::sleep;

use crate::{SLOW, assert_exact, slow, sweep_until_ended, turn, until_running};

/// Duration of an outage: longer than two leases of the test stack, and than three back-offs.
const AWAY: Duration = Duration::from_secs(15);

/// Time after the last back-off: one probe, its export, and the overhead of a loaded machine for both.
const ONE_PROBE: Duration = Duration::from_secs(30);

/// Ends sessions that the pooler keeps, so that new ones see the change.
const END_SESSIONS: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'sluice_source'";

/// Waits until the export reports why nothing starts.
async fn held(system: &System, id: ExportId, signals: &[Signal]) -> BackOff {
    let mut found = None;
    eventually(&format!("the export names one of {signals:?}"), async || {
        let export = system.client.export(id).await.unwrap();
        assert!(export.status.is_live(), "{export:?}");
        found = export.back_off.filter(|held| signals.contains(&held.signal));
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// Checks that after the condition is over, the export ends within one probe, is right, and was not charged.
async fn goes_on(system: &System, id: ExportId) {
    let until = "select coalesce(max(ceil(extract(epoch from until - clock_timestamp()))), 0)::bigint from sluice.back_off";
    let wait = Duration::from_secs(system.number(until).await.unwrap().max(0).unsigned_abs());
    let over = Instant::now();
    let exported = system.fetch(id).await.unwrap();
    let took = over.elapsed();
    assert!(took < wait + ONE_PROBE, "{took:?} after the condition was over, {wait:?} of them the back-off");
    assert_exact(system, &exported, "slow", SLOW).await;
    assert_not_charged(system, id).await;
    assert!(system.client.export(id).await.unwrap().back_off.is_none());
}

async fn assert_not_charged(system: &System, id: ExportId) {
    let of = format!(
        "sluice.link l join sluice.chunk c on c.id = l.chunk_id left join sluice.attempt a on a.chunk_id = c.id where l.export_id = '{id}'"
    );
    let outcomes = system.texts(&format!("select distinct coalesce(a.outcome, 'none') || ' ' || coalesce(a.failure ->> 'message', '') from {of}")).await.unwrap();
    let failures = format!("select coalesce(sum(c.failures), 0)::bigint from {of}");
    assert_eq!(system.number(&failures).await.unwrap(), 0, "{outcomes:?}");
    for outcome in &outcomes {
        assert!(outcome.starts_with("done") || outcome.starts_with("backed_off"), "{outcomes:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn source_outage_fails_no_export() {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    system.x(&["stop", "source"]).unwrap();
    system.run(END_SESSIONS).await.unwrap();
    // Also exports accepted meanwhile.
    let other = system.submit(&slow(1)).await.unwrap();
    let seen = held(system, id, &[Signal::SourceUnavailable]).await;
    assert!(seen.reason.contains("continues automatically"), "{}", seen.reason);
    sleep(AWAY).await;
    held(system, other, &[Signal::SourceUnavailable, Signal::SourceLogin, Signal::SourceFull]).await;
    system.x(&["restart", "source"]).unwrap();
    goes_on(system, id).await;
    system.fetch(other).await.unwrap();
    assert_not_charged(system, other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn early_password_change_fails_no_export() {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    let verifier = "select rolpassword::text from pg_authid where rolname = 'sluice_source'";
    let old = system.texts(verifier).await.unwrap().remove(0);
    system.run("alter role sluice_source password 'another'").await.unwrap();
    system.run(END_SESSIONS).await.unwrap();
    held(system, id, &[Signal::SourceLogin]).await;
    sleep(AWAY).await;
    let seen = held(system, id, &[Signal::SourceLogin]).await;
    assert!(!seen.reason.contains("another"), "{}", seen.reason);
    system.run(&format!("alter role sluice_source password '{old}'")).await.unwrap();
    goes_on(system, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pooler_outage_fails_no_export() {
    away("pgbouncer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_outage_fails_no_export() {
    away("postgres").await;
}

/// Makes source and store unreachable at once, so that nothing can be reported until they are back.
async fn away(part: &str) {
    let (system, _turn) = turn().await;
    let id = system.submit(&slow(2)).await.unwrap();
    until_running(system, id).await;
    system.x(&["stop", part]).unwrap();
    sleep(AWAY).await;
    system.x(&["restart", part]).unwrap();
    goes_on(system, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_throttling_fails_no_export() {
    let (system, _turn) = turn().await;
    let plan =
        FaultPlan { seed: 1, slow_ms: 0, per_thousand: BTreeMap::from([(Fault::ObjectsThrottle, 1_000)]) };
    system.faults().plan(&plan).unwrap();
    let id = system.submit(&slow(2)).await.unwrap();
    let seen = held(system, id, &[Signal::StorageThrottled]).await;
    assert!(seen.reason.contains("throttling"), "{}", seen.reason);
    sleep(AWAY).await;
    system.faults().clear().unwrap();
    goes_on(system, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transaction_timeout_of_the_source_is_reported() {
    let (system, _turn) = turn().await;
    let before = "select coalesce(max(split_part(c, '=', 2)), '') from pg_roles r, unnest(r.rolconfig) c where r.rolname = 'sluice_source' and c like 'transaction_timeout=%'";
    let before = system.texts(before).await.unwrap().remove(0);
    assert!(!before.is_empty(), "migrate gives the role a timeout of its own");
    system.run("alter role sluice_source set transaction_timeout = '700ms'").await.unwrap();
    system.run(END_SESSIONS).await.unwrap();
    let id = system.submit(&slow(2)).await.unwrap();
    let seen = held(system, id, &[Signal::SourceSessionTimeout]).await;
    assert!(seen.reason.contains("25P04") && seen.reason.contains("admin migrate"), "{}", seen.reason);
    system.run(&format!("alter role sluice_source set transaction_timeout = '{before}'")).await.unwrap();
    system.run(END_SESSIONS).await.unwrap();
    goes_on(system, id).await;
}

/// Restarts a process while an export runs; then sweeps as the schedule would.
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
