//! Checks: a chunk that was read before is read again only if something has changed.

use export::column::{Column, ColumnType, Read};
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::world::{DAYS, FIRST_DAY, World, selection};

const SPAN: Span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
/// Number of chunks that can be seen, and of files in the bucket.
const DONE: &str = "select string_agg(state || ' ' || attempt, ', ' order by state) from sluice.chunk";

/// Waits until no transaction of the server is older than the rows: a read beside one cannot be proven. Other tests use
/// the same server.
async fn quiet(world: &mut World) {
    let written = world.one("select pg_current_xact_id()").await;
    let past = format!("select pg_snapshot_xmin(pg_current_snapshot())::text::int8 > {written}");
    world.fresh().await.until(&past).await;
}

async fn export(world: &mut World, reuse: Reuse) -> String {
    quiet(world).await;
    let export = world.accept_span(selection("t"), SPAN, reuse, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    let counts = format!(
        "select (progress ->> 'chunksReused') || ' reused, ' || (progress ->> 'chunksUnchanged') || ' unchanged, ' \
         || (progress ->> 'rows') || ' rows' from sluice.export where id = '{export}'"
    );
    world.one(&counts).await
}

async fn assert_sound(world: &mut World) {
    let broken = "select string_agg(invariant || ': ' || example, '; ') from sluice.violations(\
        '00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff')";
    assert_eq!(world.one(broken).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_a_file_in_another_bucket_are_read_again() {
    let Some(mut world) = World::start("bucket").await else { return };
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 0 unchanged, 1000 rows");
    world.run("update sluice.chunk set proof = jsonb_set(proof, '{bucket}', '\"before\"')").await;
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 0 unchanged, 1000 rows");
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 1 unchanged, 1000 rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_rows_are_not_read_again() {
    let Some(mut world) = World::start("same").await else { return };
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 0 unchanged, 1000 rows");
    let read = world.one("select as_of from sluice.chunk").await;
    let proof = world.one("select proof ->> 'oldestTransaction' from sluice.chunk").await;
    // Another table and a rolled back change raise the transaction ids.
    world.run("create table elsewhere (); begin; update t set pad = 'y'; rollback").await;

    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 1 unchanged, 1000 rows");
    assert_eq!(world.files().len(), 1, "nothing was written");
    assert_eq!(world.one(DONE).await, "done 1, dying 1");
    assert_eq!(
        world.one("select string_agg(outcome, ' ' order by outcome) from sluice.attempt").await,
        "done unchanged"
    );
    let again = format!("select as_of > '{read}' from sluice.chunk where state = 'done'");
    assert_eq!(world.one(&again).await, "true", "it is as good as one read now");
    let later = format!(
        "select (proof ->> 'oldestTransaction')::int8 > {proof} from sluice.chunk where state = 'done'"
    );
    assert_eq!(world.one(&later).await, "true", "the next check continues from this one");
    assert_sound(&mut world).await;

    let manifest = "select manifest_key from sluice.export order by accepted_at desc limit 1";
    let key = world.one(manifest).await;
    let manifest: serde_json::Value = serde_json::from_slice(&world.bucket.object(&key).unwrap().0).unwrap();
    let chunk = &manifest["datasets"][0]["chunks"][0];
    assert_eq!((chunk["verified"].as_str(), chunk["reused"].as_bool()), (Some("unchanged"), Some(false)));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_rows_are_read_in_the_same_attempt() {
    let Some(mut world) = World::start("other").await else { return };
    export(&mut world, Reuse::Settled).await;
    for change in [
        "update t set pad = 'y' where id = 7",
        "delete from t where id = 8; insert into t values (8, '2024-01-09', 'x')",
        "alter table t drop column pad; alter table t add column pad text default 'z'",
        "delete from t where id = 9",
    ] {
        world.run(change).await;
        let counts = export(&mut world, Reuse::Settled).await;
        assert!(counts.starts_with("0 reused, 0 unchanged"), "{change}: {counts}");
    }
    assert_eq!(world.files().len(), 5);
    assert_eq!(world.one("select max(attempt) from sluice.chunk").await, "1");
    assert_eq!(
        world.one("select count(*) from sluice.chunk where proof is not null").await,
        "1",
        "only the last is provable"
    );
    assert_sound(&mut world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cache_control_decides_about_checks() {
    let Some(mut world) = World::start("control").await else { return };
    export(&mut world, Reuse::Settled).await;
    assert_eq!(export(&mut world, Reuse::Never).await, "0 reused, 0 unchanged, 1000 rows");
    assert_eq!(export(&mut world, Reuse::MaxAge(3_600)).await, "0 reused, 1 unchanged, 1000 rows");
    assert_eq!(world.files().len(), 2);

    // An export that waits has a check; one that allows none does not share it.
    world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    world.accept_span(selection("t"), SPAN, Reuse::Never, 1_000).await;
    let waiting = "select count(*) || ' ' || count(checks) from sluice.chunk where state = 'sent'";
    assert_eq!(world.one(waiting).await, "2 1");
    world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    assert_eq!(world.one(waiting).await, "2 1", "one that allows checks shares a chunk");
    world.drain().await;
    assert_eq!(world.files().len(), 3);
    assert_eq!(world.one("select count(*) from sluice.export where status = 'succeeded'").await, "6");
    assert_sound(&mut world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_that_are_off_take_no_proof_and_plan_nothing() {
    let Some(mut world) = World::start("off").await else { return };
    let proofs = "select count(proof) from sluice.chunk";
    export(&mut world, Reuse::Settled).await;
    assert_eq!(world.one(proofs).await, "1");
    // One that was planned before checks were turned off reads too.
    world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    assert!(world.ctx.store.turn_checks(false).await.unwrap());
    assert!(!world.ctx.store.turn_checks(false).await.unwrap());
    let attempt = world.lease().await;
    assert_eq!((attempt.proves, attempt.check.as_ref()), (false, None));
    world.attempt(&attempt).await;
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 0 unchanged, 1000 rows");
    assert_eq!(world.one(proofs).await, "1", "only that of the first");
    assert_eq!(world.one("select count(checks) from sluice.chunk").await, "1");
    assert_eq!(world.files().len(), 3);

    assert!(world.ctx.store.turn_checks(true).await.unwrap());
    assert!(!world.ctx.store.turn_checks(true).await.unwrap());
    assert_eq!(export(&mut world, Reuse::Settled).await, "0 reused, 1 unchanged, 1000 rows");
    assert_sound(&mut world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proven_is_read() {
    let Some(mut world) = World::start("unprovable").await else { return };
    world.run("create view seen as select * from t; create table cash (id int8, day date, pad text, paid money)").await;
    world.run("insert into cash select *, 1::money from t").await;
    world.run("create type pair as (a int4, b int4); create table pairs (id int8, day date, pad text, both_of pair)").await;
    world.run("insert into pairs select *, (1, 2)::pair from t").await;
    let mut cash = selection("cash");
    cash.columns.push(as_text("paid", 790));
    let query = Selection { from: export::catalog::From::Query("select * from t".into()), ..selection("t") };
    let mut pairs = selection("pairs");
    let oid = world.one("select 'pair'::regtype::oid").await.parse().unwrap();
    pairs.columns.push(as_text("both_of", oid));
    for unprovable in [selection("seen"), cash, pairs, query] {
        for _ in 0..2 {
            let export = world.accept_span(unprovable.clone(), SPAN, Reuse::Settled, 1_000).await;
            world.drain().await;
            assert_eq!(world.status(export).await, "succeeded");
        }
    }
    assert_eq!(
        world.one("select count(*) || ' ' || count(proof) || ' ' || count(checks) from sluice.chunk").await,
        "8 0 0"
    );
    world.end().await;
}

/// Returns a column that is selected as text.
fn as_text(name: &str, oid: u32) -> Column {
    Column { read: Read::Cast, ..Column::native(name, oid, ColumnType::Text) }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_selected_as_text_are_checked() {
    let Some(mut world) = World::start("texts").await else { return };
    world
        .run("create table spots (id int8, day date, pad text, spot point, span int4range, device macaddr)")
        .await;
    world.run("insert into spots select *, point(1, 2), int4range(1, 5), '08:00:2b:01:02:03' from t").await;
    let mut spots = selection("spots");
    spots.columns.extend([as_text("spot", 600), as_text("span", 3904), as_text("device", 829)]);
    let unchanged = async |world: &mut World| {
        quiet(world).await;
        let export = world.accept_span(spots.clone(), SPAN, Reuse::Settled, 1_000).await;
        world.drain().await;
        assert_eq!(world.status(export).await, "succeeded");
        let count = format!(
            "select count(*) filter (where unchanged) || ' of ' || count(*) from sluice.link where export_id = '{export}'"
        );
        world.one(&count).await
    };
    assert_eq!(unchanged(&mut world).await, "0 of 1");
    assert_eq!(unchanged(&mut world).await, "1 of 1");
    world.run("update spots set spot = point(3, 4) where id = 1").await;
    assert_eq!(unchanged(&mut world).await, "0 of 1");
    // A cast of its own could return anything.
    world.run("create function shown(point) returns text immutable language sql as $$ select 'here' $$; create cast (point as text) with function shown(point)").await;
    assert_eq!(unchanged(&mut world).await, "0 of 1");
    assert_eq!(unchanged(&mut world).await, "0 of 1");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_and_null_chunks_are_checked() {
    let Some(mut world) = World::start("kinds").await else { return };
    world.run("insert into t values (5000, null, 'no day')").await;
    let whole = Selection { range_column: None, ..selection("t") };
    let mut nulls = selection("t");
    nulls.range_column.as_mut().unwrap().include_nulls = true;
    for round in 0..2 {
        for selection in [&whole, &nulls] {
            quiet(&mut world).await;
            let export = world.accept_span(selection.clone(), SPAN, Reuse::Settled, 1_000).await;
            world.drain().await;
            assert_eq!(world.status(export).await, "succeeded");
            let unchanged =
                format!("select count(*) from sluice.link where export_id = '{export}' and unchanged");
            let all = format!("select count(*) from sluice.link where export_id = '{export}'");
            assert_eq!(world.one(&unchanged).await == world.one(&all).await, round == 1);
        }
    }
    assert_eq!(world.files().len(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_gone_or_replaced_is_not_linked() {
    let Some(mut world) = World::start("gone").await else { return };
    quiet(&mut world).await;
    let first = world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    world.drain().await;
    let second = world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    let attempt = world.lease().await;
    assert!(attempt.check.is_some());
    // Removed after the lease, as by a deletion of its export.
    world.run(&format!("delete from sluice.link where export_id = '{first}'; update sluice.chunk set state = 'dying', ended_at = now() where state = 'done'")).await;
    world.attempt(&attempt).await;
    assert_eq!(world.status(second).await, "succeeded");
    assert_eq!(world.one(DONE).await, "done 1, dying 1");
    assert_eq!(world.files().len(), 2, "the rows were read");

    // Read again after the lease, as after an invalidation: another attempt has written the file.
    let third = world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    let attempt = world.lease().await;
    world.run("update sluice.chunk set attempt = attempt + 1 where state = 'done'").await;
    world.attempt(&attempt).await;
    assert_eq!(world.status(third).await, "succeeded");
    assert_eq!(world.files().len(), 3);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failure_nothing_is_checked() {
    let Some(mut world) = World::start("failed_check").await else { return };
    export(&mut world, Reuse::Settled).await;
    let id = world.accept_span(selection("t"), SPAN, Reuse::Settled, 1_000).await;
    // As if the check had failed, or had taken too long.
    world.run("update sluice.chunk set failures = 1 where state = 'sent'").await;
    let attempt = world.lease().await;
    assert_eq!(attempt.check, None);
    world.attempt(&attempt).await;
    assert_eq!(world.status(id).await, "succeeded");
    assert_eq!(world.files().len(), 2);
    let proven = "select count(proof) from sluice.chunk where failures = 1";
    assert_eq!(world.one(proven).await, "0", "the failure may be that of the proof");
    assert_sound(&mut world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_that_settles_its_chunk_makes_it_reusable() {
    let Some(mut world) = World::start("settles").await else { return };
    let settled = Selection { settle_after_secs: Some(3_600), ..selection("t") };
    let export = async |world: &mut World| {
        quiet(world).await;
        let id = world.accept_span(settled.clone(), SPAN, Reuse::Settled, 1_000).await;
        world.drain().await;
        let counts = "select count(*) filter (where reused) || ' ' || count(*) filter (where unchanged) from sluice.link";
        world.one(&format!("{counts} where export_id = '{id}'")).await
    };
    assert_eq!(export(&mut world).await, "0 0");
    // As if it had been read before its range had ended.
    world.run("update sluice.chunk set reusable = false, keep_until = null, horizon = '2024-01-02', as_of = '2024-01-02'").await;
    assert_eq!(export(&mut world).await, "0 1");
    assert_eq!(
        world.one("select reusable and keep_until > now() from sluice.chunk where state = 'done'").await,
        "true"
    );
    assert_eq!(export(&mut world).await, "1 0", "from now on it is reused without a check");
    world.end().await;
}
