//! Attempts with a real store and a real source, with bucket and queue in memory.
//!
//! Needs a running stack: `SLUICE_STACK` names a file with `ownerUrl`. Each test creates its own database there and
//! drops it. Without it nothing is started and the test prints that.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "attempt/calendar.rs"]
mod calendar;
#[path = "attempt/crew.rs"]
mod crew;
#[path = "attempt/crowd.rs"]
mod crowd;
#[path = "attempt/cut.rs"]
mod cut;
#[path = "attempt/cut_chaos.rs"]
mod cut_chaos;
#[path = "attempt/incremental.rs"]
mod incremental;
#[path = "attempt/partitions.rs"]
mod partitions;
#[path = "attempt/settled.rs"]
mod settled;
#[path = "attempt/slices.rs"]
mod slices;
#[path = "attempt/unchanged.rs"]
mod unchanged;
#[path = "attempt/world.rs"]
mod world;

use std::time::{Duration, Instant};

use export::attempt::Attempt;
use export::catalog::From;
use export::id::ExportId;
use export::load::LoadLimits;
use export::selection::Selection;
use world::{DAYS, World, selection};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_recorded_and_the_export_succeeds() {
    let Some(mut world) = World::start("recorded").await else { return };
    let export = world.accept(selection("t"), 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(world.one("select rows::text from sluice.chunk").await, "1000");
    assert_eq!(world.one("select as_of is not null from sluice.chunk").await, "true");
    let files = world.files();
    let sha = world.one("select sha256 from sluice.chunk").await;
    assert_eq!(files.len(), 1);
    assert_eq!(world::sha256(&files[0].1), sha);
    assert_eq!(world.ids(), (1..=1_000).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_rows_there_is_no_object() {
    let Some(mut world) = World::start("empty").await else { return };
    world.run("truncate t").await;
    let export = world.accept(selection("t"), 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(
        world.one("select rows || ' ' || bytes || ' ' || (sha256 is null) from sluice.chunk").await,
        "0 0 true"
    );
    assert!(world.files().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_column_type_fails_the_export() {
    let Some(mut world) = World::start("changed").await else { return };
    world.run("alter table t alter id type text").await;
    let export = world.accept(selection("t"), 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "failed");
    assert_eq!(world.one("select failure->>'code' from sluice.chunk").await, "schema_changed");
    assert!(world.one("select failure->>'message' from sluice.chunk").await.contains("\"id\""));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oversized_chunk_is_split_and_its_union_is_exact() {
    let Some(mut world) = World::start("split").await else { return };
    world.run("insert into t select g, date '2024-01-01' + g % 100, repeat('x', 500) from generate_series(1001, 60000) g").await;
    // Nearly all of it has been read when the chunk is split, however fast or slow the machine is: the query sleeps
    // before its last row, and less than that is not too large.
    world.run("create function braked(int8) returns int8 language sql volatile as $$ select $1 from pg_sleep(case when $1 = 60000 then 1 else 0 end) $$").await;
    let braked = From::Query("select braked(id) as id, day, pad from t".into());
    world.sizes(1 << 20, 28 << 20);
    let export = world.accept(Selection { from: braked, ..selection("t") }, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_ne!(world.one("select count(*)::text from sluice.chunk where state = 'done'").await, "1");
    assert_eq!(world.ids(), (1..=60_000).collect::<Vec<_>>());
    let split = world.one("select count(*)::text from sluice.chunk where state = 'split'").await;
    assert!(split == "1" && world.bucket.unfinished().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn overtaken_attempt_leaves_no_objects() {
    let Some(mut world) = World::start("overtaken").await else { return };
    world.accept(selection("t"), 1_000).await;
    let attempt = world.lease().await;
    // Another attempt begins while this one still runs.
    world.run("update sluice.chunk set attempt = attempt + 1").await;
    world.attempt(&attempt).await;
    assert!(world.files().is_empty() && world.bucket.unfinished().is_empty());
    assert_eq!(world.one("select state from sluice.chunk").await, "running");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_of_a_lost_lease_is_removed() {
    let Some(mut world) = World::start("late").await else { return };
    // The only row is returned when the lock is released.
    world.run("create function slow(int8) returns int8 language sql volatile as $$ select $1 from pg_advisory_xact_lock_shared(1) $$").await;
    world.run("delete from t where id > 1").await;
    let mut holder = world.fresh().await;
    holder.run("select pg_advisory_lock(1)").await;
    let slow = From::Query("select slow(id) as id, day, pad from t".into());
    world.accept(Selection { from: slow, ..selection("t") }, 1_000).await;
    let attempt = world.lease().await;
    // No renewal happens in between: only the record can detect it.
    world.lease_secs(600, 500);
    let late = async {
        holder.until("select exists (select from pg_locks where locktype = 'advisory' and objid = 1 and database = (select oid from pg_database where datname = current_database()) and not granted)").await;
        holder.run("update sluice.chunk set attempt = attempt + 1").await;
        holder.run("select pg_advisory_unlock(1)").await;
    };
    tokio::join!(world.attempt(&attempt), late);
    assert!(world.files().is_empty(), "the object was deleted");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unwanted_attempt_stops_at_its_next_renewal() {
    let Some(mut world) = World::start("unwanted").await else { return };
    let asleep = From::Query("select id, day, pad from t, pg_sleep(60)".into());
    world.accept(Selection { from: asleep, ..selection("t") }, 1_000).await;
    let attempt = world.lease().await;
    world.lease_secs(4, 1);
    let begun = Instant::now();
    let cancel = async {
        let mut other = world.fresh().await;
        other.until("select as_of is not null from sluice.chunk").await;
        other.run("update sluice.chunk set state = 'dying'").await;
    };
    tokio::join!(world.attempt(&attempt), cancel);
    // The first row alone takes a minute.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unindexed_chunk_out_of_time_fails() {
    let Some(mut world) = World::start("time").await else { return };
    let asleep = From::Query("select id, day, pad from t, pg_sleep(60)".into());
    let whole = Selection { from: asleep, range_column: None, ..selection("t") };
    let export = world.accept(whole, 1_000).await;
    let attempt: Attempt = world.lease().await;
    world.attempt_within(&attempt, Duration::from_secs(2)).await;
    assert_eq!(world.status(export).await, "failed");
    assert_eq!(world.one("select failure->>'code' from sluice.chunk").await, "out_of_time");
    world.end().await;
}

/// Accepts an export whose query sleeps before its first row, whatever its range: the children of a split would sleep
/// as long again.
async fn sleeping(world: &mut World, secs: f64, indexed: bool) -> (ExportId, Attempt) {
    let asleep = From::Query(format!("select id, day, pad from t, pg_sleep({secs})"));
    let export = world.accept(Selection { from: asleep, ..selection("t") }, 1_000).await;
    world.run(&format!("update sluice.chunk set indexed = {indexed}")).await;
    (export, world.lease().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn late_first_row_within_time_needs_one_attempt() {
    for indexed in [true, false] {
        let Some(mut world) = World::start(&format!("late_{indexed}")).await else { return };
        let (export, attempt) = sleeping(&mut world, 6.0, indexed).await;
        world.attempt_within(&attempt, Duration::from_secs(10)).await;
        assert_eq!(world.status(export).await, "succeeded");
        assert_eq!(world.one("select count(*) || ' ' || max(attempt) from sluice.chunk").await, "1 1");
        assert_eq!(world.ids(), (1..=1_000).collect::<Vec<_>>());
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn chunk_out_of_time_fails_unsplit_with_a_remedy() {
    let Some(mut world) = World::start("too_late").await else { return };
    let (export, attempt) = sleeping(&mut world, 9.0, false).await;
    world.attempt_within(&attempt, Duration::from_secs(6)).await;
    assert_eq!(world.status(export).await, "failed");
    let chunk = "select string_agg(state || ' ' || (failure ->> 'code'), ',') from sluice.chunk";
    assert_eq!(world.one(chunk).await, "failed out_of_time");
    let message = world.one("select failure ->> 'message' from sluice.chunk").await;
    assert!(message.contains("index") && message.contains("WorkerTimeoutSeconds"), "{message}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn source_stalling_between_rows_is_retried_once() {
    let Some(mut world) = World::start("silent").await else { return };
    // Sends a few rows, more than the server buffers, and then nothing for a minute.
    let stalls = "select id, day, repeat('y', 2000) || left(pg_sleep(case when id = 900 then 60 else 0 end)::text, 0) as pad from t";
    let whole = Selection { from: From::Query(stalls.into()), range_column: None, ..selection("t") };
    let export = world.accept(whole, 1_000).await;
    let mut attempt = world.lease().await;
    for (failures, state) in [(1, "due"), (2, "failed")] {
        if failures > 1 {
            world.run("update sluice.chunk set state = 'sent'").await;
            attempt = world.lease_of(attempt.chunk).await;
        }
        world.attempt_within(&attempt, Duration::from_secs(3)).await;
        let chunk = "select failures || ' ' || state || ' ' || (failure ->> 'code') from sluice.chunk";
        assert_eq!(world.one(chunk).await, format!("{failures} {state} out_of_time"));
    }
    assert_eq!(world.status(export).await, "failed");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_chunk_is_split_at_half_time() {
    let Some(mut world) = World::start("half").await else { return };
    // Five seconds in total, evenly spread: half of the time is enough for some of the rows.
    let slow = "select id, day, repeat('y', 2000) || left(pg_sleep(0.005)::text, 0) as pad from t";
    let slow = From::Query(slow.into());
    world.sizes(64 << 10, 1 << 30);
    let export = world.accept(Selection { from: slow, ..selection("t") }, 1_000).await;
    let attempt = world.lease().await;
    world.attempt_within(&attempt, Duration::from_secs(4)).await;
    assert_eq!(
        world
            .one("select string_agg(state, ',' order by state) from sluice.chunk where state not in ('due', 'sent')")
            .await,
        "split"
    );
    let children = "from sluice.chunk where state <> 'split'";
    assert_eq!(
        world.one(&format!("select sum(range_end - range_start)::text {children}")).await,
        DAYS.to_string()
    );
    assert_eq!(
        world.one(&format!("select bool_and(depth = 1 and parent_seen >= 65536)::text {children}")).await,
        "true"
    );
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(world.ids(), (1..=1_000).collect::<Vec<_>>());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempt_backs_off_until_the_source_has_room() {
    let Some(mut world) = World::start("busy").await else { return };
    world.load(LoadLimits { active_sessions: 2, replica_lag_secs: 0 });
    let export = world.accept(selection("t"), 1_000).await;
    let crowd = world.crowd(3).await;
    world.drain().await;
    let held = "select signal || ' ' || reason from sluice.back_off";
    let reason =
        "active_sessions 3 other sessions are active at the source, above the limit of 2 (MaxActiveSessions)";
    assert_eq!(world.one(held).await, reason);
    assert_eq!(
        world.one("select state || ' ' || attempt || ' ' || failures from sluice.chunk").await,
        "due 1 0"
    );
    assert_eq!(world.one("select outcome from sluice.attempt").await, "backed_off");
    assert!(world.files().is_empty() && world.bucket.unfinished().is_empty());
    // At the limit there is capacity, and the back-off is over.
    crowd.leave(1).await;
    world.run("update sluice.back_off set until = clock_timestamp(); update sluice.chunk set due_at = clock_timestamp()").await;
    world.dispatch().await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(world.one("select count(*) from sluice.back_off").await, "0");
    assert_eq!(world.ids(), (1..=1_000).collect::<Vec<_>>());
    crowd.leave(2).await;
    world.end().await;
}
