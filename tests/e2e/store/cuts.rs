//! Cuts: their states, and those of the exports in them.

use export::failure::{Failure, FailureCode};
use export::id::{ChunkId, TenantId};
use export::plan::Target;
use export::range::Days;
use export::usage::Usage;
use store::{Finish, Invalidation, KeeperLease, NewExport, Opening, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, new_export, retry_terms, target, work};

/// Time of the snapshots, as [`crate::fixture::note`] records it.
const AT: i64 = 4_000_000_000_000_000;

async fn setup(budget: &str) -> (Database, Store, TenantId) {
    let database = Database::create(&[("budget", budget)]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

fn of_one_cut(tenant: &TenantId, targets: Vec<Target>) -> NewExport {
    NewExport { request: serde_json::json!({"consistency": "snapshot"}), ..new_export(tenant, targets) }
}

/// Starts the keeper whose message was sent, and opens its cut.
async fn open(store: &Store, sent: ChunkId) -> KeeperLease {
    assert!(store.lease(sent, LEASE_SECS).await.unwrap().is_none(), "it is no chunk");
    let lease = store.lease_keeper(sent.uuid().into(), LEASE_SECS).await.unwrap().expect("a keeper was sent");
    let opening = Opening {
        snapshot: "1-1".into(),
        as_of_micros: AT,
        horizon_micros: Some(AT),
        lsn: None,
        relations: vec![20_000],
    };
    assert!(store.open_cut(&lease, &opening).await.unwrap());
    lease
}

#[tokio::test]
async fn chunks_wait_for_their_cut_and_are_not_shared() {
    let (database, store, acme) = setup("2").await;
    let new = of_one_cut(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    assert_eq!(sent.len(), 1, "only the keeper is sent");
    assert!(store.dispatch().await.unwrap().is_empty());
    let lease = open(&store, sent[0]).await;
    assert!(store.lease_keeper(lease.keeper, LEASE_SECS).await.unwrap().is_none(), "once");
    let chunks = store.dispatch().await.unwrap();
    assert_eq!(chunks.len(), 2, "one of two workers reads, and one chunk waits for it");
    let attempt = store.lease(chunks[0], LEASE_SECS).await.unwrap().unwrap();
    let cut = attempt.cut.expect("it is read in the cut");
    assert_eq!((cut.snapshot.as_str(), cut.as_of_micros, &cut.relations[..]), ("1-1", AT, &[20_000][..]));
    assert!(!attempt.proves);
    // Another export of the same rows reads them by itself.
    store.accept(&new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)])).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk").await.unwrap(), 8);
    assert!(store.violations().await.unwrap().is_empty());
}

#[tokio::test]
async fn exports_that_arrive_later_share_the_next_cut() {
    let (_database, store, acme) = setup("4").await;
    let of = |name: &str| of_one_cut(&acme, vec![target(&acme, name, 0, 100, 1)]);
    let (first, second, third) = (of("a"), of("b"), of("c"));
    store.accept(&first).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    let lease = open(&store, sent[0]).await;
    store.accept(&second).await.unwrap();
    let state = store.export(&acme, second.id).await.unwrap().unwrap().cut.unwrap();
    assert!(state.waits && state.point.is_none());
    assert_eq!(drain(&store).await, [first.id], "the second one waits");
    let Finish::AllDone(finished) = store.finish(first.id).await.unwrap() else { panic!("it is done") };
    assert_eq!(finished.cut.unwrap().as_of_micros, AT);
    let kept = store.watch_cut(lease.keeper, Some(LEASE_SECS)).await.unwrap().unwrap();
    assert!(kept.holds && !kept.wanted);
    store.end_keeper(lease.keeper).await.unwrap();
    assert!(store.watch_cut(lease.keeper, None).await.unwrap().is_none());
    let sent = store.dispatch().await.unwrap();
    // The third one is in time for the keeper.
    store.accept(&third).await.unwrap();
    assert!(store.dispatch().await.unwrap().is_empty());
    let next = open(&store, sent[0]).await;
    assert_ne!(next.cut, lease.cut);
    assert_eq!(next.selections.len(), 2);
    assert_eq!(store.live_cut().await.unwrap().unwrap().exports, 2);
    drain(&store).await;
    assert!(store.violations().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_lost_cut_replaces_what_was_read() {
    let (database, store, acme) = setup("4").await;
    let new = of_one_cut(&acme, vec![target(&acme, "orders", 0, 100, 3)]);
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    let first = open(&store, sent[0]).await;
    let chunks = store.dispatch().await.unwrap();
    work(&store, chunks[0]).await;
    store.lease(chunks[1], LEASE_SECS).await.unwrap().unwrap();
    store.lose_cut(first.cut, first.keeper, "a test").await.unwrap();
    assert!(store.watch_cut(first.keeper, None).await.unwrap().is_none());
    assert!(store.lease(chunks[2], LEASE_SECS).await.unwrap().is_none(), "its cut is gone");
    let sent = store.dispatch().await.unwrap();
    assert_eq!(sent.len(), 1, "another cut departs");
    open(&store, sent[0]).await;
    let old =
        format!("select count(*) from sluice.link l where l.chunk_id in ('{}', '{}')", chunks[0], chunks[1]);
    assert_eq!(database.number(&old).await.unwrap(), 0);
    let open_links = "select count(*) from sluice.link where open";
    assert_eq!(database.number(open_links).await.unwrap(), 3);
    assert!(store.violations().await.unwrap().is_empty());
    drain(&store).await;
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::AllDone(_)));
}

#[tokio::test]
async fn invalidated_rows_are_not_read_from_an_older_snapshot() {
    let (database, store, acme) = setup("4").await;
    let new = of_one_cut(&acme, vec![target(&acme, "orders", 0, 100, 2)]);
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    let lease = open(&store, sent[0]).await;
    // Nothing of it is read yet; the snapshot is older than the correction.
    let all = Invalidation { dataset: "orders".into(), tenant: None, days: Days::default() };
    store.invalidate(&all).await.unwrap();
    assert_eq!(database.text("select cut_state from sluice.export").await.unwrap(), "stale");
    assert!(store.dispatch().await.unwrap().is_empty());
    store.end_keeper(lease.keeper).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    open(&store, sent[0]).await;
    drain(&store).await;
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::AllDone(_)));
}

#[tokio::test]
async fn a_retry_reads_everything_in_a_new_cut() {
    let (database, store, acme) = setup("4").await;
    let new = of_one_cut(&acme, vec![target(&acme, "orders", 0, 100, 2)]);
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    let lease = open(&store, sent[0]).await;
    let chunks = store.dispatch().await.unwrap();
    work(&store, chunks[0]).await;
    let attempt = store.lease(chunks[1], LEASE_SECS).await.unwrap().unwrap();
    let never = Failure { again: false, ..Failure::new(FailureCode::SourceError, "a test") };
    store.fail(chunks[1], attempt.number, &never, &Usage::default()).await.unwrap();
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::Failed));
    store.end_keeper(lease.keeper).await.unwrap();
    store.retry(&acme, new.id, &new.targets, "r", &retry_terms(new.limits)).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.link where open").await.unwrap(), 2);
    let sent = store.dispatch().await.unwrap();
    let next = open(&store, sent[0]).await;
    assert_ne!(next.cut, lease.cut);
    drain(&store).await;
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::AllDone(_)));
    assert!(store.violations().await.unwrap().is_empty());
}
