//! Datasets without a range column: slices of a key, and of blocks within a snapshot.

use std::time::Duration;

use export::catalog::SliceKey;
use export::estimate::{DatasetEstimate, Size};
use export::id::ExportId;
use export::plan::{Reuse, Target};
use export::range::SliceKind;
use export::selection::Selection;
use store::PlanLimits;

use crate::crew::Crew;
use crate::world::{World, selection, tenant};

/// Rows of the table `s`.
const ROWS: u64 = 1_000;

/// Starts a world with the table `s`, whose rows no date divides.
async fn world(name: &str) -> Option<World> {
    let mut world = World::start(name).await?;
    world
        .run(
            "create table s (id int8 primary key, day date, pad text) with (fillfactor = 50);
             insert into s select g, null, repeat('x', 100) from generate_series(1, 1000) g; analyze s",
        )
        .await;
    Some(world)
}

fn of_integers() -> (SliceKey, DatasetEstimate) {
    let key = SliceKey { column: "id".into(), kind: SliceKind::Integer };
    (key, DatasetEstimate { key_bounds: (0..=10).map(|i| i * 100).collect(), ..DatasetEstimate::default() })
}

/// Accepts an export that is cut into five.
async fn accept(
    world: &mut World,
    (key, estimate): (SliceKey, DatasetEstimate),
    request: serde_json::Value,
) -> ExportId {
    let selection = Selection { range_column: None, key: Some(key), ..selection("s") };
    let total = Size { rows: ROWS, bytes: 5_000 };
    let target = Target {
        fingerprint: selection.fingerprint(&tenant(), "test"),
        span: None,
        selection,
        hive: None,
        estimate: DatasetEstimate { total, ..estimate },
    };
    let limits = PlanLimits { target_bytes: 1_000, max_chunks: 100 };
    world.accept_targets(vec![target], Reuse::Settled, limits, request).await
}

/// Returns the counts of chunks and the sum of rows of an export.
async fn counted(world: &mut World, export: ExportId) -> String {
    let counts = format!(
        "select count(*) || ' chunks, ' || count(*) filter (where l.unchanged) || ' unchanged, ' || sum(c.rows) || ' rows' \
         from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{export}'"
    );
    world.one(&counts).await
}

#[tokio::test(flavor = "multi_thread")]
async fn slices_of_a_key_hold_every_row_once_and_are_checked() {
    let Some(mut world) = world("slices").await else { return };
    // Rows beyond the known bounds on both sides.
    world.run("insert into s values (-5, null, ''), (9000000000, null, '')").await;
    let export = accept(&mut world, of_integers(), serde_json::json!({})).await;
    world.drain().await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(counted(&mut world, export).await, "5 chunks, 0 unchanged, 1002 rows");
    let text = |(_, body): (String, bytes::Bytes)| String::from_utf8(body.to_vec()).unwrap();
    let mut ids: Vec<i64> = world
        .files()
        .into_iter()
        .map(text)
        .flat_map(|file| {
            let ids = file.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap());
            ids.collect::<Vec<i64>>()
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [vec![-5], (1..=1_000).collect(), vec![9_000_000_000]].concat());

    // Only the slice with a change is read again, although the statistics of the key differ now.
    world.run("update s set pad = 'y' where id = 300").await;
    let (key, _) = of_integers();
    let other = DatasetEstimate { key_bounds: vec![0, 17, 5_000], ..DatasetEstimate::default() };
    let export = accept(&mut world, (key, other), serde_json::json!({})).await;
    world.drain().await;
    assert_eq!(counted(&mut world, export).await, "5 chunks, 4 unchanged, 1002 rows");
    let manifest = world.one(&format!("select manifest_key from sluice.export where id = '{export}'")).await;
    let manifest: serde_json::Value =
        serde_json::from_slice(&world.bucket.object(&manifest).unwrap().0).unwrap();
    let dataset = &manifest["datasets"][0];
    assert_eq!(dataset["key"], serde_json::json!({"column": "id", "kind": "integer"}));
    let chunks = dataset["chunks"].as_array().unwrap();
    assert_eq!(chunks[0]["range"], serde_json::json!({"of": "slice", "end": "200"}));
    assert_eq!(chunks[4]["range"], serde_json::json!({"of": "slice", "start": "800"}));
    assert_eq!(chunks[1]["file"]["name"], "s.integer_200-400.csv");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_of_all_rows_that_outgrew_its_plan_is_cut_by_its_key() {
    let Some(mut world) = world("outgrown").await else { return };
    world.sizes(100_000, 100_000);
    // Rows arrive so slowly that the size of the chunk is noticed.
    world
        .run(
            "alter table s rename to t_s; update t_s set pad = repeat('x', 1000);
             create view s as select id, day, pad || left(pg_sleep(0.002)::text, 0) as pad from t_s",
        )
        .await;
    let (key, _) = of_integers();
    // Without statistics it is planned as one chunk.
    let export = accept(&mut world, (key, DatasetEstimate::default()), serde_json::json!({})).await;
    world.run("update sluice.chunk set indexed = true").await;
    for _ in 0..200 {
        world.drain().await;
        world.dispatch().await;
        if world.status(export).await != "running" {
            break;
        }
    }
    let chunks = "select string_agg(state || ' ' || n || ' at ' || depth, ', ') from (select state, depth, count(*) as n from sluice.chunk group by 1, 2) c";
    let chunks = world.one(chunks).await;
    assert_eq!(world.status(export).await, "succeeded", "{chunks}");
    assert_eq!(world.ids(), (1..=ROWS).collect::<Vec<_>>());
    assert_ne!(world.one("select count(*) from sluice.chunk where state = 'split'").await, "0");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn blocks_of_a_snapshot_hold_every_row_once_beside_updates() {
    let Some(mut world) = world("blocks").await else { return };
    let blocks = world.one("select pg_relation_size('s') / 8192").await.parse().unwrap();
    let crew = Crew::start(&world, 2, Duration::from_secs(300));
    let estimate = DatasetEstimate { blocks, ..DatasetEstimate::default() };
    let request = serde_json::json!({"consistency": "snapshot"});
    let export = accept(&mut world, (SliceKey::blocks(), estimate), request).await;
    let over = format!("select status not in ('queued', 'running') from sluice.export where id = '{export}'");
    let mut writer = world.fresh().await;
    // Each update moves a row to another place, often to another block.
    for round in 0..2_000 {
        writer
            .run(&format!("update s set pad = repeat('y', 100) where id = {}", round * 7 % 1_000 + 1))
            .await;
        if round % 50 == 0 && world.one(&over).await == "true" {
            break;
        }
    }
    writer.until(&over).await;
    assert_eq!(world.status(export).await, "succeeded");
    assert_eq!(counted(&mut world, export).await, "5 chunks, 0 unchanged, 1000 rows");
    assert_eq!(world.ids(), (1..=ROWS).collect::<Vec<_>>());
    drop(crew);
    world.end().await;
}
