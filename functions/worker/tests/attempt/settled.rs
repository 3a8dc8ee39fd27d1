//! Settledness determined by the source: an open transaction holds back rows that began with it.

use std::time::Duration;

use export::catalog::{From, RangeColumn};
use export::column::{Column, ColumnType};
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;

use crate::world::{self, World};

/// Table whose rows carry the start time of their transaction.
const TABLE: &str = "create table late (id int8, at timestamptz default now())";
const NOW: &str = "(extract(epoch from clock_timestamp()) * 1000000)::int8";
const SETTLE: Duration = Duration::from_secs(1);

fn late() -> Selection {
    Selection {
        from: From::Relation { schema: "public".into(), name: "late".into() },
        columns: vec![Column::native("id", 20, ColumnType::Int8)],
        range_column: Some(RangeColumn {
            name: "at".into(),
            kind: RangeKind::Instant,
            time_zone: None,
            include_nulls: false,
        }),
        settle_after_secs: Some(SETTLE.as_secs()),
        ..world::selection("late")
    }
}

async fn micros(world: &mut World, sql: &str) -> i64 {
    world.one(sql).await.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn open_transaction_holds_back_watermark_and_reuse() {
    let Some(mut world) = World::start("settled").await else { return };
    world.run(TABLE).await;
    let mut writer = world.fresh().await;
    let before = micros(&mut world, &format!("select {NOW}")).await;
    writer.run("begin; insert into late (id) values (1)").await;
    let begun = "(select extract(epoch from xact_start) * 1000000 from pg_stat_activity \
                 where state = 'idle in transaction' and datname = current_database())";
    let begun = micros(&mut world, &format!("select {begun}::int8")).await;
    let end = micros(&mut world, &format!("select {NOW}")).await;
    let span = Span { kind: RangeKind::Instant, start: before - 3_600_000_000, end };
    // By the clock everything is settled now.
    tokio::time::sleep(SETTLE + Duration::from_millis(300)).await;

    let first = world.accept_span(late(), span, Reuse::Settled, 1_000).await;
    world.drain().await;
    let read = "select rows || ' ' || reusable from sluice.chunk order by as_of desc limit 1";
    assert_eq!(world.one(read).await, "0 false", "its row is not shown, so the range may not be reused");
    let watermark = world.watermark(first).await.expect("a watermark");
    let settled = begun - i64::try_from(SETTLE.as_micros()).unwrap();
    assert_eq!(watermark, span.text(settled), "it stands where the open transaction began");

    writer.run("commit").await;
    let second = world.accept_span(late(), span, Reuse::Settled, 1_000).await;
    world.drain().await;
    assert_eq!(world.one(read).await, "1 true");
    assert_eq!(world.watermark(second).await, Some(span.text(span.end)));
    let third = world.accept_span(late(), span, Reuse::Settled, 1_000).await;
    let open = format!("select count(*) from sluice.link where export_id = '{third}' and open");
    assert_eq!(world.one(&open).await, "0", "now it is reused");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pg_read_all_stats_reveals_the_oldest_transaction() {
    let Some(mut world) = World::start("seen").await else { return };
    world.run(TABLE).await;
    let reader = "sluice_settled_reader";
    world.run(&format!("drop role if exists {reader}; create role {reader} login password '{reader}'")).await;
    world.run(&format!("grant select on late to {reader}")).await;
    let mut writer = world.fresh().await;
    writer.run("begin; insert into late (id) values (1)").await;
    let blind = world.describe(&late(), Some(reader)).await;
    assert_eq!((blind.open_since_micros, blind.horizon_micros()), (None, blind.replayed_micros));

    world.run(&format!("grant pg_read_all_stats to {reader}")).await;
    let now = micros(&mut world, &format!("select {NOW}")).await;
    let seen = world.describe(&late(), Some(reader)).await;
    assert!(seen.open_since_micros.is_some_and(|at| at < now), "{seen:?}");
    assert_eq!(seen.horizon_micros(), seen.open_since_micros);

    // Without an open transaction the snapshot reaches up to now.
    writer.run("commit").await;
    let seen = world.describe(&late(), Some(reader)).await;
    assert_eq!(seen.horizon_micros(), seen.replayed_micros);

    // A session with activity tracking off may have an open transaction.
    writer.run("set track_activities = off").await;
    writer.run("begin; insert into late (id) values (2)").await;
    assert_eq!(world.describe(&late(), Some(reader)).await.open_since_micros, None);
    writer.run("commit").await;
    world.run(&format!("drop owned by {reader}; drop role {reader}")).await;
    world.end().await;
}
