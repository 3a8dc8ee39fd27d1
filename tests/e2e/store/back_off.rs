//! The source is too busy: chunks wait, nothing fails, and all goes on by itself.

use export::chunk::{ChunkState, Usage};
use export::id::{ChunkId, TenantId};
use export::load::{Excess, Signal};
use ports::store::{NewExport, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, new_export, note, want, work};

const CROWDED: Excess = Excess { signal: Signal::ActiveSessions, seen: 45, allowed: 40 };

async fn ground() -> (Database, Store, TenantId, NewExport) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![want(&acme, "orders", 0, 100, 8)]);
    store.accept(&new).await.unwrap();
    (database, store, acme, new)
}

/// A worker takes the chunk and finds the source too busy; answers until when, microseconds.
async fn too_busy(store: &Store, chunk: ChunkId) -> i64 {
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    let held = store.back_off(chunk, attempt.number, &CROWDED, &Usage::default()).await.unwrap().unwrap();
    assert_eq!(held.excess, CROWDED);
    held.until_micros
}

/// The time of the back-off is over.
async fn passes(database: &Database) {
    let over = "update sluice.back_off set until = clock_timestamp(); \
                update sluice.chunk set due_at = clock_timestamp() where state = 'due' and due_at > clock_timestamp()";
    database.run(over).await.unwrap();
}

#[tokio::test]
async fn under_load_nothing_goes_out_nothing_fails_and_the_status_says_why() {
    let (database, store, acme, new) = ground().await;
    let sent = store.dispatch().await.unwrap();
    let until = too_busy(&store, sent[0]).await;
    assert_eq!(
        too_busy(&store, sent[1]).await,
        until,
        "whoever finds it within one back-off finds the same one"
    );
    assert!(store.dispatch().await.unwrap().is_empty());
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    let held = state.back_off.unwrap();
    assert_eq!((held.excess, held.until_micros), (CROWDED, until));
    let failures = "select sum(failures) + count(*) filter (where state = 'failed') from sluice.chunk";
    assert_eq!(database.number(failures).await.unwrap(), 0);
    let page = store.chunk_page(&acme, new.id, None, 10).await.unwrap().unwrap();
    let given_back = page.chunks.iter().find(|c| c.id == sent[0]).unwrap();
    assert_eq!((given_back.state, given_back.attempt), (ChunkState::Due, 1));
    let attempt = &given_back.attempts[0];
    assert_eq!(attempt.outcome.as_deref(), Some("backed_off"));
    assert!(attempt.failure.as_ref().unwrap().message.contains("45 sessions"));
}

#[tokio::test]
async fn each_back_off_is_longer_one_chunk_looks_and_then_all_goes_on() {
    let (database, store, acme, new) = ground().await;
    for chunk in store.dispatch().await.unwrap() {
        too_busy(&store, chunk).await;
    }
    let wait = "select extract(epoch from until - since)::bigint from sluice.back_off";
    let mut waits = Vec::new();
    for _ in 0..8 {
        passes(&database).await;
        let sent = store.dispatch().await.unwrap();
        assert_eq!(sent.len(), 1, "one chunk looks again");
        assert!(store.dispatch().await.unwrap().is_empty(), "and no other while it is on its way");
        database.run("update sluice.back_off set since = clock_timestamp()").await.unwrap();
        too_busy(&store, sent[0]).await;
        waits.push(database.number(wait).await.unwrap());
    }
    assert_eq!(waits, [4, 8, 16, 32, 64, 120, 120, 120]);
    passes(&database).await;
    let sent = store.dispatch().await.unwrap();
    let attempt = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert_eq!(attempt.failures, 0);
    // The load is gone: its worker reads.
    assert!(note(&store, &attempt).await);
    assert!(store.export(&acme, new.id).await.unwrap().unwrap().back_off.is_none());
    assert_eq!(store.dispatch().await.unwrap().len(), 3, "all the budget is used again");
    assert!(
        store.back_off(sent[0], attempt.number + 1, &CROWDED, &Usage::default()).await.unwrap().is_none()
    );
    assert_eq!(
        database.number("select count(*) from sluice.back_off").await.unwrap(),
        0,
        "a fenced attempt holds nothing back"
    );
}

#[tokio::test]
async fn a_pause_takes_back_what_no_worker_has_taken() {
    let (_database, store, acme, new) = ground().await;
    let sent = store.dispatch().await.unwrap();
    let running = store.lease(sent[0], LEASE_SECS).await.unwrap().unwrap();
    assert!(store.pause().await.unwrap());
    for late in &sent[1..] {
        assert!(store.lease(*late, LEASE_SECS).await.unwrap().is_none(), "nothing new starts");
    }
    assert!(note(&store, &running).await, "what runs, runs on");
    assert!(store.dispatch().await.unwrap().is_empty());
    assert!(store.resume().await.unwrap());
    assert_eq!(store.dispatch().await.unwrap().len(), 3);
    for chunk in &sent[1..] {
        work(&store, *chunk).await;
    }
    store
        .record(sent[0], &crate::fixture::file(running.number, 5), &Usage::default())
        .await
        .unwrap()
        .unwrap();
    drain(&store).await;
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((state.progress.chunks_done, state.progress.chunks_failed), (8, 0));
}
