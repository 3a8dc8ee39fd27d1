//! Incremental exports by watermark beside writers whose transactions last longer than a round: no row is lost or doubled.
//!
//! `SLUICE_INCREMENTAL_SECS` is the time for which writers write; `cargo test` needs some seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use export::catalog::{From, RangeColumn};
use export::column::{Column, ColumnType};
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::selection::Selection;
use ports::random;
use tokio::task::JoinHandle;

use crate::world::{self, EVENT_TIMEOUT, World};

/// Rows carry the start of their transaction, and appear at its end.
const TABLE: &str = "create table late (id int8 primary key, at timestamptz not null default now())";

/// Writers, whose transactions last up to so many milliseconds: most end within a round, some last several.
const MAX_TRANSACTION_MS: [u64; 4] = [20, 300, 1_500, 4_000];

/// Promise of the operator, which covers no open transaction.
const SETTLE_SECS: u64 = 1;

/// Pause between two rounds.
const PAUSE: Duration = Duration::from_millis(200);

fn secs() -> u64 {
    std::env::var("SLUICE_INCREMENTAL_SECS").ok().and_then(|text| text.parse().ok()).unwrap_or(8)
}

fn late() -> Selection {
    Selection {
        from: From::Relation { schema: "public".into(), name: "late".into() },
        columns: vec![
            Column::native("id", 20, ColumnType::Int8),
            Column::native("at", 1184, ColumnType::Timestamptz),
        ],
        range_column: Some(RangeColumn {
            name: "at".into(),
            kind: RangeKind::Instant,
            time_zone: None,
            include_nulls: false,
        }),
        settle_after_secs: Some(SETTLE_SECS),
        ..world::selection("late")
    }
}

/// A client that loads what is new: rows from `start` on are replaced by those of the next export.
struct Loader {
    start: i64,
    /// Time of each row that was loaded, in microseconds; the key is its id, with the number of times that it is there.
    rows: BTreeMap<u64, (i64, usize)>,
}

impl Loader {
    fn new(start: i64) -> Self {
        Self { start, rows: BTreeMap::new() }
    }

    fn load(&mut self, rows: &[(u64, i64)]) {
        let start = self.start;
        self.rows.retain(|_, (at, _)| *at < start);
        for (id, at) in rows {
            self.rows.entry(*id).or_insert((*at, 0)).1 += 1;
        }
    }

    fn doubled(&self) -> usize {
        self.rows.values().filter(|(_, times)| *times > 1).count()
    }
}

/// Inserts rows, a few in each transaction, until it is stopped.
async fn write(world: &World, max_ms: u64, stop: Arc<AtomicBool>, ids: Arc<AtomicI64>) -> JoinHandle<()> {
    let mut writer = world.fresh().await;
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let id = ids.fetch_add(2, Ordering::Relaxed);
            let lasts = max_ms / 2 + max_ms * u64::from(random::bytes::<1>()[0]) / 512;
            writer.run(&format!("begin; insert into late (id) values ({id})")).await;
            tokio::time::sleep(Duration::from_millis(lasts)).await;
            writer.run(&format!("insert into late (id) values ({}); commit", id + 1)).await;
        }
    })
}

async fn micros(world: &mut World, sql: &str) -> i64 {
    world.one(&format!("select (extract(epoch from {sql}) * 1000000)::int8")).await.parse().unwrap()
}

/// Exports everything from `start` on. Returns the rows, the watermark, and the time of the read.
async fn export(world: &mut World, start: i64, end: i64) -> (Vec<(u64, i64)>, i64, i64) {
    let span = Span { kind: RangeKind::Instant, start, end };
    let id = world.accept_span(late(), span, Reuse::Never, 1_000).await;
    world.drain().await;
    assert_eq!(world.status(id).await, "succeeded");
    let text = world.watermark(id).await.expect("a watermark");
    let watermark = micros(world, &format!("timestamptz '{text}'")).await;
    let read = format!(
        "select (extract(epoch from c.as_of) * 1000000)::int8 from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}'"
    );
    let as_of = world.one(&read).await.parse().unwrap();
    let key = format!(
        "select format('t/acme/c/%s/%s.csv', c.id, c.attempt) from sluice.link l join sluice.chunk c on c.id = l.chunk_id where l.export_id = '{id}' and c.rows > 0"
    );
    let key = world.one(&key).await;
    if key.is_empty() {
        return (Vec::new(), watermark, as_of);
    }
    let text = String::from_utf8(world.bucket.object(&key).unwrap().0.to_vec()).unwrap();
    let ids: Vec<_> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    // Times are read from the table, whose rows never change; the ids are those of the file.
    let times = format!(
        "select string_agg((extract(epoch from l.at) * 1000000)::int8::text, ',' order by f.n) \
         from unnest('{{{}}}'::int8[]) with ordinality as f (id, n) join late l on l.id = f.id",
        ids.join(",")
    );
    let times = world.one(&times).await;
    let times = times.split(',').map(|text| text.parse::<i64>().unwrap());
    let rows: Vec<_> = ids.iter().map(|id| id.parse().unwrap()).zip(times).collect();
    assert_eq!(rows.len(), ids.len());
    (rows, watermark, as_of)
}

#[tokio::test(flavor = "multi_thread")]
async fn rounds_by_watermark_lose_and_double_no_row() {
    let Some(mut world) = World::start("incremental").await else { return };
    world.run(TABLE).await;
    let first = micros(&mut world, "clock_timestamp()").await - 1_000_000;
    let end = first + 86_400_000_000;
    let ids = Arc::new(AtomicI64::new(1));
    let (mut by_watermark, mut by_clock) = (Loader::new(first), Loader::new(first));
    let (mut rounds, mut moved, give_up) =
        (0, 0, Instant::now() + EVENT_TIMEOUT.max(Duration::from_secs(2 * secs())));
    // On a slow machine it takes longer until the writers have shown something.
    loop {
        let stop = Arc::new(AtomicBool::new(false));
        let mut writers = Vec::new();
        for max_ms in MAX_TRANSACTION_MS {
            writers.push(write(&world, max_ms, stop.clone(), ids.clone()).await);
        }
        let until = Instant::now() + Duration::from_secs(secs());
        while Instant::now() < until {
            let (rows, watermark, _) = export(&mut world, by_watermark.start, end).await;
            by_watermark.load(&rows);
            assert!(watermark >= by_watermark.start, "it never falls");
            moved += usize::from(watermark > by_watermark.start);
            by_watermark.start = watermark;
            // The rule of other tools: what is older than the operator's promise no longer changes.
            let (rows, _, as_of) = export(&mut world, by_clock.start, end).await;
            by_clock.load(&rows);
            by_clock.start = by_clock.start.max(as_of - i64::try_from(SETTLE_SECS).unwrap() * 1_000_000);
            rounds += 1;
            tokio::time::sleep(PAUSE).await;
        }
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        for loader in [&mut by_watermark, &mut by_clock] {
            let (rows, _, _) = export(&mut world, loader.start, end).await;
            loader.load(&rows);
        }
        let written: usize = world.one("select count(*) from late").await.parse().unwrap();
        if moved > 1 && rounds > 4 && by_clock.rows.len() < written || Instant::now() > give_up {
            break;
        }
    }
    let written: usize = world.one("select count(*) from late").await.parse().unwrap();
    let lost = |loader: &Loader| written - loader.rows.len();
    println!(
        "{rounds} rounds, {written} rows; by watermark {} lost, {} doubled, moved in {moved} rounds; by the clock {} lost",
        lost(&by_watermark),
        by_watermark.doubled(),
        lost(&by_clock)
    );
    assert_eq!((lost(&by_watermark), by_watermark.doubled()), (0, 0));
    assert!(moved > 1 && rounds > 4, "the watermark moves, and rows before it are not read again");
    assert!(lost(&by_clock) > 0, "this shows nothing: the writers lose no row by the clock either");
    world.end().await;
}
