//! Cuts: all files of an export show one instant, whatever is written and whatever dies meanwhile.

use std::time::Duration;

use export::catalog::From;
use export::id::ExportId;
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::crew::Crew;
use crate::world::{DAYS, FIRST_DAY, Fresh, World, selection};

/// Number of tables between which amounts are transferred; all amounts together are always zero.
const TABLES: usize = 4;

/// Time of an invocation.
const LEFT: Duration = Duration::from_secs(300);

/// The keeper of the cut that is open.
const KEEPER: &str =
    "select k.id from sluice.keeper k join sluice.cut c on c.holder = k.id where c.state = 'open'";

/// Starts a world with tables `a0` to `a3`.
async fn world(name: &str, budget: &str) -> Option<World> {
    world_of(TABLES, name, budget).await
}

/// Starts a world with `tables` tables from `a0` on. Rows of `aN` are returned once the advisory lock N is free.
pub(crate) async fn world_of(tables: usize, name: &str, budget: &str) -> Option<World> {
    let mut world = World::start(name).await?;
    world.run(&format!("update sluice.setting set value = '{budget}' where name = 'budget'")).await;
    world
        .run("create function gate(int8, int8) returns int8 language sql volatile as $$ select $2 from pg_advisory_xact_lock_shared($1) $$")
        .await;
    for n in 0..tables {
        let table = format!(
            "create table a{n} (id int8, day date, amount int8);
             insert into a{n} select g, date '2024-01-01' + g % 100, 0 from generate_series(1, 100) g"
        );
        world.run(&table).await;
    }
    Some(world)
}

pub(crate) fn account(n: usize) -> Selection {
    let query = format!(
        "select case when id = 1 then gate({n}, id) else id end as id, day, amount::text as pad from a{n}"
    );
    Selection { from: From::Query(query), ..selection(&format!("a{n}")) }
}

/// Accepts an export of all tables.
async fn accept(world: &mut World, consistency: &str) -> ExportId {
    let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
    let request = if consistency == "file" {
        serde_json::json!({})
    } else {
        serde_json::json!({ "consistency": consistency })
    };
    let selections = (0..TABLES).map(account).collect();
    world.accept_all(selections, span, Reuse::Never, 1_000, request).await
}

/// Moves an amount from the first table to the last.
const TRANSFER: &str = "begin; update a0 set amount = amount - 7 where id = 5; update a3 set amount = amount + 7 where id = 6; commit";

/// Returns the sum of all amounts in the files of an export.
pub(crate) async fn sum(world: &mut World, export: ExportId) -> i64 {
    let keys = format!(
        "select string_agg(sluice.attempt_prefix(c.tenant, c.id, c.attempt) || 'csv', ' ') from sluice.link l \
         join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{export}' and c.state = 'done'"
    );
    let mut sum = 0;
    for key in world.one(&keys).await.split(' ') {
        let text = String::from_utf8(world.bucket.object(key).expect(key).0.to_vec()).unwrap();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(lines.len(), 100, "{key}");
        sum += lines.iter().map(|line| line.rsplit(',').next().unwrap().parse::<i64>().unwrap()).sum::<i64>();
    }
    sum
}

/// Waits until an export has ended, and returns its status.
pub(crate) async fn ended(world: &mut World, export: ExportId) -> String {
    let over = format!("select status not in ('queued', 'running') from sluice.export where id = '{export}'");
    world.fresh().await.until(&over).await;
    world.status(export).await
}

/// Waits until no cut is live and no session holds a snapshot.
pub(crate) async fn released(world: &World) {
    let over = "select not exists (select from sluice.keeper where state <> 'ended') and not exists (\
        select from pg_stat_activity where datname = current_database() and application_name = 'sluice' \
        and xact_start is not null)";
    world.fresh().await.until(over).await;
}

/// Checks the invariants of the store, and removes the world.
pub(crate) async fn close(mut world: World) {
    let broken = "select string_agg(invariant || ': ' || example, '; ') from sluice.violations(\
        '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff')";
    assert_eq!(world.one(broken).await, "");
    world.end().await;
}

/// Closes gates, such as `2` or `2, 3`, starts workers and accepts an export.
async fn begin(
    world: &mut World,
    gates: &[usize],
    workers: usize,
    consistency: &str,
) -> (Fresh, Crew, ExportId) {
    let mut gate = world.fresh().await;
    for n in gates {
        gate.run(&format!("select pg_advisory_lock({n})")).await;
    }
    let crew = Crew::start(world, workers, LEFT);
    (gate, crew, accept(world, consistency).await)
}

/// Opens all gates, and waits until the export has ended with this status and no session is left.
async fn finish(world: &mut World, mut gate: Fresh, crew: Crew, export: ExportId, status: &str) {
    gate.run("select pg_advisory_unlock_all()").await;
    assert_eq!(ended(world, export).await, status);
    released(world).await;
    drop(crew);
}

/// Exports all tables; a transfer happens when the first two are read and the last is not.
async fn export_beside_a_transfer(world: &mut World, consistency: &str, workers: usize) -> i64 {
    let (mut gate, crew, export) = begin(world, &[2, 3], workers, consistency).await;
    let half = format!(
        "select count(*) = 2 from sluice.link l join sluice.chunk c on c.id = l.chunk_id \
         where l.export_id = '{export}' and c.state = 'done'"
    );
    gate.until(&half).await;
    gate.run(TRANSFER).await;
    finish(world, gate, crew, export, "succeeded").await;
    sum(world, export).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_of_a_snapshot_show_one_instant_and_others_do_not() {
    let Some(mut world) = world("instant", "2").await else { return };
    // One reader at a time: the third table waits for its gate, so the fourth is not read yet.
    assert_eq!(export_beside_a_transfer(&mut world, "file", 1).await, 7, "without the option the sum is off");
    assert_eq!(export_beside_a_transfer(&mut world, "snapshot", 2).await, 0);
    assert_eq!(world.one("select string_agg(state, ' ') from sluice.cut").await, "ended");
    let of_cut = "select count(distinct c.as_of) || ' ' || bool_and(c.as_of = k.as_of) from sluice.chunk c, sluice.cut k where c.in_cut";
    assert_eq!(world.one(of_cut).await, "1 true");
    let manifest = world.one("select manifest_key from sluice.export where cut is not null").await;
    assert!(world.bucket.object(&manifest).is_some());
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_snapshot_is_handed_from_keeper_to_keeper() {
    let Some(mut world) = world("relay", "3").await else { return };
    world.run("insert into sluice.setting (name, value) values ('relay_secs', '1')").await;
    let (mut gate, crew, export) = begin(&mut world, &[3], 3, "snapshot").await;
    gate.until("select count(*) >= 2 from sluice.chunk where state = 'done'").await;
    gate.run(TRANSFER).await;
    // Three keepers later the snapshot is the same.
    gate.until("select exists (select from sluice.keeper k join sluice.cut c on c.holder = k.id where k.number >= 4)").await;
    finish(&mut world, gate, crew, export, "succeeded").await;
    assert_eq!(sum(&mut world, export).await, 0);
    assert_eq!(world.one("select string_agg(state, ' ') from sluice.cut").await, "ended", "nothing was lost");
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_snapshot_is_read_anew_as_a_whole() {
    let Some(mut world) = world("lost", "2").await else { return };
    let (mut gate, crew, export) = begin(&mut world, &[2], 2, "snapshot").await;
    gate.until("select count(*) = 2 from sluice.chunk where state = 'done'").await;
    let first = world.one(KEEPER).await;
    gate.run(TRANSFER).await;
    // The keeper's session ends, as if the server had ended it; no other process reports it.
    world
        .run("select pg_terminate_backend(a.pid) from pg_stat_activity a where a.datname = current_database() and a.application_name = 'sluice' and a.state like 'idle in transaction%'")
        .await;
    gate.until("select exists (select from sluice.cut where state = 'lost')").await;
    finish(&mut world, gate, crew, export, "succeeded").await;
    assert_eq!(sum(&mut world, export).await, 0);
    assert_ne!(world.one("select holder from sluice.cut where state = 'ended'").await, first);
    let read = format!(
        "select count(*) || ' ' || bool_and(c.as_of = k.as_of) from sluice.link l join sluice.chunk c on c.id = l.chunk_id, \
         sluice.cut k where l.export_id = '{export}' and k.state = 'ended'"
    );
    assert_eq!(world.one(&read).await, "4 true", "no file of the lost snapshot is used");
    assert_eq!(world.one("select cut_losses from sluice.export").await, "1");
    // A sweep may remove what is over before it counts the loss, which is counted once.
    world.ctx.store.prune(1_000).await.unwrap();
    let counted =
        [world.ctx.store.count_lost_cuts().await.unwrap(), world.ctx.store.count_lost_cuts().await.unwrap()];
    assert_eq!(counted, [1, 0]);
    world.ctx.store.prune(1_000).await.unwrap();
    assert_eq!(world.one("select count(*) from sluice.cut where state = 'lost'").await, "0");
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn killed_keepers_are_noticed_until_the_export_fails() {
    let Some(mut world) = world("killed", "3").await else { return };
    world.lease_secs(2, 1);
    let (mut gate, crew, export) = begin(&mut world, &[3], 3, "snapshot").await;
    for losses in 1..=3 {
        gate.until("select exists (select from sluice.cut where state = 'open')").await;
        let keeper = world.one(KEEPER).await;
        crew.kill(&keeper);
        gate.until(&format!("select cut_losses = {losses} from sluice.export")).await;
    }
    assert_eq!(ended(&mut world, export).await, "failed");
    let failure = "select string_agg(distinct failure ->> 'code', ' ') || ' ' || bool_and(failure ->> 'message' like '%lost 3 times%') from sluice.missing";
    assert_eq!(world.one(failure).await, "cut_lost true");
    finish(&mut world, gate, crew, export, "failed").await;
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_killed_reader_reads_the_same_snapshot_again() {
    let Some(mut world) = world("reader", "2").await else { return };
    world.lease_secs(2, 1);
    let (mut gate, crew, export) = begin(&mut world, &[3], 2, "snapshot").await;
    let last = "select exists (select from sluice.chunk where dataset = 'a3' and state = 'running' and as_of is not null and attempt = 1)";
    gate.until(last).await;
    gate.run(TRANSFER).await;
    let chunk = world.one("select id from sluice.chunk where dataset = 'a3'").await;
    crew.kill(&chunk);
    gate.until("select attempt = 2 from sluice.chunk where dataset = 'a3'").await;
    finish(&mut world, gate, crew, export, "succeeded").await;
    assert_eq!(sum(&mut world, export).await, 0);
    assert_eq!(world.one("select string_agg(state, ' ') from sluice.cut").await, "ended");
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tables_keep_their_shape_until_a_cancel_ends_the_cut() {
    let Some(mut world) = world("shape", "2").await else { return };
    let (mut gate, crew, export) = begin(&mut world, &[0], 2, "snapshot").await;
    gate.until("select exists (select from sluice.cut where state = 'open')").await;
    for change in [
        "truncate a3",
        "alter table a3 add column more text default clock_timestamp()::text",
        "drop table a3",
    ] {
        // It waits for the keeper's lock, although a3 is not read yet.
        let waits = format!(
            "set lock_timeout = '300ms'; do $$ begin execute '{change}'; raise 'it did not wait'; exception when lock_not_available then null; end $$"
        );
        gate.run(&waits).await;
    }
    let tenant = "acme".parse().unwrap();
    world.ctx.store.cancel_or_delete(&tenant, export).await.unwrap();
    // The reader waits in its statement; the session of the keeper ends without it.
    gate.until("select not exists (select from sluice.keeper where state <> 'ended')").await;
    gate.run("set lock_timeout = '10s'; truncate a3").await;
    finish(&mut world, gate, crew, export, "canceled").await;
    assert_eq!(world.one("select string_agg(state, ' ') from sluice.cut").await, "ended");
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cut_that_is_held_for_too_long_fails_its_exports() {
    let Some(mut world) = world("long", "2").await else { return };
    world.run("insert into sluice.setting (name, value) values ('max_cut_minutes', '0')").await;
    let (gate, crew, export) = begin(&mut world, &[0], 2, "snapshot").await;
    assert_eq!(ended(&mut world, export).await, "failed");
    assert_eq!(
        world.one("select string_agg(distinct failure ->> 'code', ' ') from sluice.missing").await,
        "cut_too_long"
    );
    finish(&mut world, gate, crew, export, "failed").await;
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_partition_that_is_attached_later_is_not_shown() {
    let Some(mut world) = world("attached", "2").await else { return };
    // Rows of the new partition are older than the snapshot.
    world
        .run("alter table a3 rename to part; create table a3 (id int8, day date, amount int8) partition by range (day);
              alter table a3 attach partition part for values from ('2024-01-01') to ('2025-01-01');
              create table old (id int8, day date, amount int8); insert into old values (101, '2025-01-01', 3)")
        .await;
    let (mut gate, crew, export) = begin(&mut world, &[2], 2, "snapshot").await;
    gate.until("select count(*) = 2 from sluice.chunk where state = 'done'").await;
    gate.run("alter table a3 attach partition old for values from ('2025-01-01') to ('2026-01-01')").await;
    finish(&mut world, gate, crew, export, "succeeded").await;
    assert_eq!(
        world.one("select string_agg(state, ' ' order by created_at) from sluice.cut").await,
        "lost ended"
    );
    assert_eq!(sum(&mut world, export).await, 0);
    close(world).await;
}

/// Returns the counts of an export, and whether all its files have the time of its cut.
async fn described(world: &mut World, export: ExportId) -> String {
    let counts = format!(
        "select count(*) filter (where l.unchanged) || ' unchanged of ' || count(*) from sluice.link l where l.export_id = '{export}'"
    );
    let manifest = world.one(&format!("select manifest_key from sluice.export where id = '{export}'")).await;
    let manifest: serde_json::Value =
        serde_json::from_slice(&world.bucket.object(&manifest).unwrap().0).unwrap();
    let instant = &manifest["consistency"]["asOf"];
    let datasets = manifest["datasets"].as_array().unwrap();
    let mut chunks = datasets.iter().flat_map(|dataset| dataset["chunks"].as_array().unwrap());
    assert!(instant.is_string() && chunks.all(|chunk| chunk["asOf"] == *instant), "{manifest}");
    world.one(&counts).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_read_before_is_checked_within_the_cut() {
    let Some(mut world) = world("checked", "3").await else { return };
    world.run("create table u as select * from t").await;
    let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
    let snapshot = || serde_json::json!({"consistency": "snapshot"});
    let both = || vec![selection("t"), selection("u")];
    let file = world.accept_all(both(), span, Reuse::Settled, 1_000, serde_json::json!({})).await;
    let crew = Crew::start(&world, 3, LEFT);
    assert_eq!(ended(&mut world, file).await, "succeeded");

    let export = world.accept_all(both(), span, Reuse::Settled, 1_000, snapshot()).await;
    assert_eq!(ended(&mut world, export).await, "succeeded");
    assert_eq!(described(&mut world, export).await, "2 unchanged of 2");
    world.run("update u set pad = 'y' where id = 7").await;
    let export = world.accept_all(both(), span, Reuse::Settled, 1_000, snapshot()).await;
    assert_eq!(ended(&mut world, export).await, "succeeded");
    assert_eq!(described(&mut world, export).await, "1 unchanged of 2");
    let export = world.accept_all(both(), span, Reuse::Never, 1_000, snapshot()).await;
    assert_eq!(ended(&mut world, export).await, "succeeded");
    assert_eq!(described(&mut world, export).await, "0 unchanged of 2");
    released(&world).await;
    drop(crew);
    close(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_read_after_the_cut_is_not_checked_in_it() {
    let Some(mut world) = world("later", "3").await else { return };
    let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
    // A first read, which the export of the cut plans to check.
    let first = world.accept_span(selection("t"), span, Reuse::Settled, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(first).await, "succeeded");
    let snapshot = serde_json::json!({"consistency": "snapshot"});
    let mut gate = world.fresh().await;
    gate.run("select pg_advisory_lock(0)").await;
    // Another export keeps the cut open before `t` is read in it.
    let export =
        world.accept_all(vec![account(0), selection("t")], span, Reuse::Settled, 1_000, snapshot).await;
    world.run(&format!("update sluice.chunk set due_at = due_at + interval '1 hour', state = 'due' from sluice.link l where l.chunk_id = chunk.id and l.export_id = '{export}' and dataset = 't'")).await;
    let crew = Crew::start(&world, 3, LEFT);
    gate.until("select exists (select from sluice.cut where state = 'open')").await;
    // One row is replaced by another: the number of rows is the same, and both are older than any later proof.
    world.run("delete from t where id = 1; insert into t values (1001, '2024-01-02', 'new')").await;
    world
        .run("update sluice.chunk set ended_at = clock_timestamp() where dataset = 't' and state = 'done'")
        .await;
    world
        .run("update sluice.chunk set due_at = clock_timestamp() where dataset = 't' and state = 'due'")
        .await;
    let read = "select exists (select from sluice.chunk where dataset = 't' and in_cut and state = 'done')";
    gate.until(read).await;
    finish(&mut world, gate, crew, export, "succeeded").await;
    assert_eq!(described(&mut world, export).await, "0 unchanged of 2");
    close(world).await;
}
