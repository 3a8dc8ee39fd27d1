//! A standby that replays with a delay: rows it has not replayed yet are never reused, and are in the next export.
//!
//! Starts a primary and its standby from the programs of the stack that `SLUICE_STACK` names, on loopback, and stops
//! them. Without it nothing is started and the test prints that.

#![allow(clippy::unwrap_used, missing_docs)]

#[path = "standby/pair.rs"]
mod pair;

use std::sync::Arc;
use std::time::{Duration, Instant};

use export::catalog::{From, RangeColumn};
use export::column::{Column, ColumnType};
use export::estimate::DatasetEstimate;
use export::format::{Compression, Output};
use export::id::{ExportId, TenantId};
use export::load::{LoadLimits, Signal};
use export::plan::Reuse;
use export::range::{RangeKind, Span};
use export::request::Target;
use export::selection::Selection;
use pair::{DELAY, Pair};
use ports::objects::MemoryObjects;
use ports::postgres::login::Login;
use ports::queue::MemoryQueue;
use ports::random;
use source::Source;
use store::{ListFilter, NewExport, PlanLimits, Store};
use worker::{Context, Deadline, Lease, Sizes};

/// Settle time far shorter than the standby's delay: on the primary everything would be settled.
const SETTLE_SECS: u64 = 1;

/// Maximum wait for an expected event.
const EVENT_TIMEOUT: Duration = Duration::from_secs(240);

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn target(start: i64, end: i64) -> Target {
    let selection = Selection {
        dataset: "t".into(),
        from: From::Relation { schema: "public".into(), name: "t".into() },
        columns: vec![Column::native("id", 20, ColumnType::Int8)],
        range_column: Some(RangeColumn {
            name: "at".into(),
            kind: RangeKind::Instant,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        }),
        settle_after_secs: Some(SETTLE_SECS),
        output: Output { compression: Compression::None, ..Output::default() },
        ..Selection::example()
    };
    Target {
        fingerprint: selection.fingerprint(&tenant(), "standby"),
        selection,
        span: Span::new(RangeKind::Instant, start, end),
        hive: None,
        // An unknown estimate gives one chunk, whatever the time of day.
        estimate: DatasetEstimate::default(),
    }
}

/// Accepts an export of the range. Returns its id, and true if everything was reused.
async fn accept(ctx: &Context, range: (i64, i64)) -> (ExportId, bool) {
    let id = ExportId::from_random(random::bytes());
    let new = NewExport {
        id,
        tenant: tenant(),
        request: serde_json::json!({}),
        revision_id: "test".into(),
        targets: vec![target(range.0, range.1)],
        reuse: Reuse::Settled,
        idempotency: None,
        limits: PlanLimits { target_bytes: 1 << 30, max_chunks: 1_000 },
        deadline_secs: 3_600,
        traceparent: None,
    };
    (id, ctx.store.accept(&new).await.unwrap().complete)
}

/// Returns the watermark in the manifest of an export that has succeeded.
async fn watermark(
    bucket: &MemoryObjects,
    primary: &mut sqlx::PgConnection,
    range: (i64, i64),
) -> Option<i64> {
    let newest =
        "select manifest_key from sluice.export where status = 'succeeded' order by accepted_at desc limit 1";
    let key = pair::text(primary, newest).await;
    let manifest: serde_json::Value = serde_json::from_slice(&bucket.object(&key).unwrap().0).unwrap();
    let dataset = &manifest["datasets"][0];
    assert_eq!(
        dataset["range"]["end"],
        Span::new(RangeKind::Instant, range.0, range.1).unwrap().text(range.1)
    );
    let text = dataset["watermark"].as_str()?;
    Some(
        pair::number(primary, &format!("select (extract(epoch from timestamptz '{text}') * 1e6)::int8"))
            .await,
    )
}

/// Exports the range from the standby. Returns the number of rows, and true if everything was reused.
async fn export(ctx: &Context, queue: &MemoryQueue, range: (i64, i64)) -> (u64, bool) {
    let (id, complete) = accept(ctx, range).await;
    store::dispatch::run(&ctx.store, queue).await.unwrap();
    for message in queue.take() {
        let attempt = ctx.store.lease(message.chunk, 60).await.unwrap().unwrap();
        worker::run(ctx, &attempt, Deadline { begun: Instant::now(), left: Duration::from_secs(60) }).await;
    }
    let state = ctx.store.export(&tenant(), id).await.unwrap().unwrap();
    assert_eq!((state.progress.chunks_done, state.progress.chunks_total), (1, 1), "{state:?}");
    (state.progress.rows, complete)
}

/// Waits until the query returns 1 on the standby.
async fn until(standby: &mut sqlx::PgConnection, question: &str) {
    let give_up = Instant::now() + EVENT_TIMEOUT;
    while pair::number(standby, question).await != 1 {
        assert!(Instant::now() < give_up, "the standby does not catch up");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unreplayed_ranges_of_a_standby_are_not_reused() {
    let Some(pair) = Pair::start().await else { return };
    let settings = "insert into sluice.setting (name, value) values ('budget', '2'); insert into sluice.tenant (id) values ('acme')";
    store::migrate(&pair.primary, &Login::Password, &[settings.to_owned()]).await.unwrap();
    let queue = Arc::new(MemoryQueue::default());
    let bucket = MemoryObjects::default();
    let context = |load| Context {
        store: Store::new(&pair.primary).unwrap(),
        source: Source::new(&pair.standby).unwrap(),
        queue: queue.clone(),
        deliveries: None,
        objects: Arc::new(bucket.clone()),
        lease: Lease { lease_secs: 60, renew_secs: 15 },
        sizes: Sizes { target_bytes: 1 << 30, split_bytes: 1 << 30 },
        load,
        threads: 1,
    };
    let ctx = context(LoadLimits::default());
    let mut primary = pair.connect(&pair.primary).await;
    let mut standby = pair.connect(&pair.standby).await;

    // A standby that has replayed nothing since its start does not know its time.
    let now = "select (extract(epoch from clock_timestamp()) * 1e6)::int8";
    let reusable = "select count(*) from sluice.chunk where reusable";
    let end = pair::number(&mut primary, now).await;
    tokio::time::sleep(Duration::from_millis(SETTLE_SECS * 1000 + 300)).await;
    let range = (end - 3_600_000_000, end);
    assert_eq!(export(&ctx, &queue, range).await, (10, false));
    assert_eq!(pair::number(&mut primary, reusable).await, 0);
    assert_eq!(
        watermark(&bucket, &mut primary, range).await,
        None,
        "it does not know up to when it shows commits"
    );
    until(&mut standby, "select (pg_last_xact_replay_timestamp() is not null)::int::int8").await;

    // A row within the settle time, a moment before the range ends.
    let end = pair::number(&mut primary, now).await;
    let range = (end - 3_600_000_000, end);
    pair::run(&mut primary, "insert into t select 11, clock_timestamp() - interval '1 second'").await;
    tokio::time::sleep(Duration::from_millis(SETTLE_SECS * 1000 + 300)).await;

    // On the primary the range is settled now. The standby has not replayed the row yet.
    let (rows, _) = export(&ctx, &queue, range).await;
    assert_eq!(rows, 10, "the standby replays {DELAY:?} late");
    assert_eq!(pair::number(&mut primary, reusable).await, 0);
    let as_of = format!(
        "select (max(as_of) < to_timestamp({end} / 1e6))::int::int8 from sluice.chunk where range_end = {end}"
    );
    assert_eq!(pair::number(&mut primary, &as_of).await, 1, "asOf is what the standby had replayed");
    let replayed = format!(
        "select (extract(epoch from max(as_of)) * 1e6)::int8 from sluice.chunk where range_end = {end}"
    );
    let settled = pair::number(&mut primary, &replayed).await - SETTLE_SECS as i64 * 1_000_000;
    let mark = watermark(&bucket, &mut primary, range).await;
    assert_eq!(mark, Some(settled), "the next export begins before the row that was not replayed yet");

    let replayed = format!(
        "select (count(*) = 11 and pg_last_xact_replay_timestamp() > to_timestamp({end} / 1e6) + interval '{SETTLE_SECS} s')::int::int8 from t"
    );
    // Creates something to replay.
    pair::run(&mut primary, "update sluice.tenant set created_at = now()").await;
    until(&mut standby, &replayed).await;
    let (rows, complete) = export(&ctx, &queue, range).await;
    assert_eq!((rows, complete), (11, false), "the late row is in the next export, which reads again");
    assert_eq!(pair::number(&mut primary, reusable).await, 1);
    let (rows, complete) = export(&ctx, &queue, range).await;
    assert_eq!((rows, complete), (11, true), "now it is settled for the standby too");
    store::finish::run(&ctx.store, &*ctx.objects, newest(&ctx).await).await.unwrap();
    assert_eq!(watermark(&bucket, &mut primary, range).await, Some(range.1));

    prepared_transactions_hold_back(&pair, &mut primary).await;

    let lag = |replica_lag_secs| context(LoadLimits { active_sessions: 0, replica_lag_secs });
    lag_holds_back(&lag(2), &lag(60), &queue, &mut standby).await;
    drop(pair);
}

async fn newest(ctx: &Context) -> ExportId {
    ctx.store.exports(&tenant(), &ListFilter::default(), None, 1, 1 << 20).await.unwrap().exports[0].id
}

/// Checks that prepared transactions hold back the horizon: one shows only when it was prepared, not when it began,
/// and a standby shows no transaction of its primary.
async fn prepared_transactions_hold_back(pair: &Pair, primary: &mut sqlx::PgConnection) {
    let selection = target(0, 1).selection;
    let describe = async |url: &str| {
        let session = Source::new(url).unwrap().session(Duration::from_secs(5)).await.unwrap();
        session.describe(&selection).await.unwrap()
    };
    let free = describe(&pair.primary).await;
    assert_eq!(free.horizon_micros(), Some(free.as_of_micros));
    assert_eq!(describe(&pair.standby).await.open_since_micros, None);
    pair::run(primary, "begin; insert into t values (99, now()); prepare transaction 'held'").await;
    let held = describe(&pair.primary).await;
    pair::run(primary, "rollback prepared 'held'").await;
    let day = 86_400_000_000;
    assert!(held.open_since_micros.is_some_and(|at| at < free.as_of_micros - day + 60_000_000), "{held:?}");
}

/// Checks that replication lag holds back a chunk. The store's own writes reach the standby, which replays them late.
async fn lag_holds_back(
    ctx: &Context,
    patient: &Context,
    queue: &MemoryQueue,
    standby: &mut sqlx::PgConnection,
) {
    let limits = ctx.load;
    // Everything is replayed and nothing arrives: however long ago the last commit was, the standby does not lag.
    until(standby, "select (pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn())::int::int8").await;
    let session = ctx.source.session(Duration::from_secs(5)).await.unwrap();
    assert_eq!(session.load(limits).await.unwrap().replica_lag_ms, Some(0));
    drop(session);

    accept(ctx, (0, 1_000_000)).await;
    store::dispatch::run(&ctx.store, queue).await.unwrap();
    let [message] = queue.take()[..] else { panic!("one message") };
    let attempt = ctx.store.lease(message.chunk, 60).await.unwrap().unwrap();
    let late = format!(
        "select (pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn() and now() - pg_last_xact_replay_timestamp() > interval '{} s')::int::int8",
        limits.replica_lag_secs + 1
    );
    until(standby, &late).await;
    worker::run(ctx, &attempt, Deadline { begun: Instant::now(), left: Duration::from_secs(60) }).await;
    let id = newest(ctx).await;
    let state = ctx.store.export(&tenant(), id).await.unwrap().unwrap();
    let held = state.back_off.expect("the export says why nothing starts").hold;
    assert_eq!(held.signal, Signal::ReplicaLag);
    assert!(held.reason.contains("above the limit of 2 s (MaxReplicaLagSeconds)"), "{}", held.reason);
    assert_eq!(state.progress.chunks_failed, 0);
    assert!(ctx.store.dispatch().await.unwrap().is_empty());

    // With a higher limit the lag is acceptable, and the chunk is read when the back-off is over.
    let give_up = Instant::now() + EVENT_TIMEOUT;
    while state_of(patient, id).await != (1, 1) {
        assert!(Instant::now() < give_up, "the chunk does not recover");
        tokio::time::sleep(Duration::from_millis(500)).await;
        store::dispatch::run(&ctx.store, queue).await.unwrap();
        for message in queue.take() {
            let attempt = ctx.store.lease(message.chunk, 60).await.unwrap().unwrap();
            worker::run(patient, &attempt, Deadline { begun: Instant::now(), left: Duration::from_secs(60) })
                .await;
        }
    }
}

async fn state_of(ctx: &Context, id: ExportId) -> (u64, u64) {
    let progress = ctx.store.export(&tenant(), id).await.unwrap().unwrap().progress;
    (progress.chunks_done, progress.chunks_total)
}
