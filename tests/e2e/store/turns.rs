//! Numbers of active and waiting exports of a tenant, and the limit above which exports are rejected.

use export::failure::{Failure, FailureCode};
use export::id::{ExportId, TenantId};
use export::state::ExportStatus;
use export::usage::Usage;
use store::{AcceptError, Ended, Finish, Full, Idempotency, NewExport, Noted, PlanLimits, RetryError, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, TARGET, add_tenant, new_export, retry_terms, target, work};

async fn setup(active: &str, queued: &str) -> (Database, Store, TenantId) {
    let settings = [("budget", "8"), ("max_active_exports", active), ("max_queued_exports", queued)];
    let database = Database::create(&settings).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

/// Returns an export of one chunk that shares nothing with others.
fn small(tenant: &TenantId, i: usize) -> NewExport {
    new_export(tenant, vec![target(tenant, &format!("small_{i}"), 0, 10, 1)])
}

async fn place(store: &Store, tenant: &TenantId, export: ExportId) -> (ExportStatus, Option<u64>) {
    let state = store.export(tenant, export).await.unwrap().unwrap();
    (state.status, state.queue_position)
}

#[tokio::test]
async fn queued_exports_begin_in_order_as_others_end() {
    let (_database, store, acme) = setup("2", "10").await;
    let exports: Vec<_> = (0..5).map(|i| small(&acme, i)).collect();
    for new in &exports {
        store.accept(new).await.unwrap();
    }
    let other = add_tenant(&store, "other").await;
    let foreign = small(&other, 9);
    store.accept(&foreign).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    assert_eq!(sent.len(), 3, "two of acme's and the other tenant's, although there is room for more");
    let mut places = Vec::new();
    for new in &exports {
        places.push(place(&store, &acme, new.id).await.1);
    }
    assert_eq!(places, [Some(0), Some(0), Some(1), Some(2), Some(3)]);
    assert_eq!(place(&store, &other, foreign.id).await, (ExportStatus::Queued, Some(0)));
    let [done] = work(&store, sent[0]).await[..] else { panic!("one export") };
    assert!(matches!(store.finish(done).await.unwrap(), Finish::AllDone(_)));
    assert!(store.dispatch().await.unwrap().is_empty(), "it is active until it has ended");
    assert!(store.mark_succeeded(done, "key", 0).await.unwrap());
    let sent = store.dispatch().await.unwrap();
    assert_eq!(sent.len(), 1);
    assert!(store.lease(sent[0], LEASE_SECS).await.unwrap().is_some());
    assert_eq!(place(&store, &acme, exports[2].id).await, (ExportStatus::Running, None));
    assert_eq!(place(&store, &acme, exports[3].id).await, (ExportStatus::Queued, Some(1)));
    assert_eq!(store.cancel_or_delete(&acme, exports[3].id).await.unwrap(), Ended::Canceled);
    assert_eq!(place(&store, &acme, exports[4].id).await, (ExportStatus::Queued, Some(1)));
}

#[tokio::test]
async fn export_with_only_shared_chunks_stays_queued_until_they_end() {
    let (_database, store, acme) = setup("1", "10").await;
    let new = || new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]);
    let (first, second) = (new(), new());
    store.accept(&first).await.unwrap();
    store.accept(&second).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    assert!(store.lease(sent[0], LEASE_SECS).await.unwrap().is_some());
    assert_eq!(place(&store, &acme, first.id).await, (ExportStatus::Running, None));
    assert_eq!(place(&store, &acme, second.id).await, (ExportStatus::Queued, Some(1)));
    let file = crate::fixture::file(1, 5);
    let now = store::ReadNote { as_of_micros: 0, horizon_micros: None, proof: None };
    let attempt = export_attempt(&store, sent[0]);
    assert_eq!(store.note_read(&attempt, &now).await.unwrap(), Noted::Reading);
    let ended = store.record(sent[0], &file, &Usage::default()).await.unwrap().unwrap();
    assert_eq!(ended.len(), 2, "both may be finished");
    assert!(matches!(store.finish(second.id).await.unwrap(), Finish::AllDone(_)));
}

/// Returns the first attempt of a chunk, as its worker holds it.
fn export_attempt(_store: &Store, chunk: export::id::ChunkId) -> export::attempt::Attempt {
    let tenant: TenantId = "acme".parse().unwrap();
    let target = target(&tenant, "orders", 0, 10, 1);
    export::attempt::Attempt {
        chunk,
        number: 1,
        tenant,
        range: export::range::Range::Span(target.span.unwrap()),
        selection: target.selection,
        planned_bytes: 1,
        indexed: true,
        failures: 0,
        waited_ms: 0,
        depth: 0,
        parent_seen_bytes: None,
        hive: None,
        traceparent: None,
        proves: false,
        check: None,
        cut: None,
    }
}

#[tokio::test]
async fn export_limit_spares_replays_and_fully_reused_exports() {
    let (database, store, acme) = setup("1", "2").await;
    let mut first = small(&acme, 0);
    first.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [1; 32], sent_sha256: [1; 32] });
    store.accept(&first).await.unwrap();
    let [chunk] = store.dispatch().await.unwrap()[..] else { panic!("one chunk") };
    work(&store, chunk).await;
    assert!(store.mark_succeeded(first.id, "key", 0).await.unwrap());
    for i in 1..4 {
        store.accept(&small(&acme, i)).await.unwrap();
    }
    let full = store.accept(&small(&acme, 4)).await.unwrap_err();
    assert!(matches!(full, AcceptError::Full(Full { active: 1, queued: 2 })), "{full:?}");
    assert!(full.to_string().contains("limit of 1 active and 2 queued exports"), "{full}");
    assert_eq!(database.number("select count(*) from sluice.export").await.unwrap(), 4, "nothing is stored");
    let repeat = NewExport { id: small(&acme, 0).id, ..first.clone() };
    assert!(store.accept(&repeat).await.unwrap().replayed);
    assert!(store.accept(&small(&acme, 0)).await.unwrap().complete, "it waits for nothing");
    let other = add_tenant(&store, "other").await;
    store.accept(&small(&other, 4)).await.unwrap();
}

#[tokio::test]
async fn concurrent_accepts_respect_the_export_limit() {
    let (database, _store, acme) = setup("1", "4").await;
    let tasks = (0..12).map(|i| {
        let (store, new) = (Store::new(&database.url).unwrap(), small(&acme, i));
        tokio::spawn(async move { store.accept(&new).await.is_ok() })
    });
    let accepted: Vec<_> = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(accepted.iter().filter(|ok| **ok).count(), 5);
}

#[tokio::test]
async fn retry_queues_last_and_is_refused_when_full() {
    let (_database, store, acme) = setup("1", "2").await;
    let failed = small(&acme, 0);
    store.accept(&failed).await.unwrap();
    let [chunk] = store.dispatch().await.unwrap()[..] else { panic!("one chunk") };
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    let failure = Failure::new(FailureCode::SourceQuery, "a test");
    store.fail(chunk, attempt.number, &failure, &Usage::default()).await.unwrap();
    assert!(matches!(store.finish(failed.id).await.unwrap(), Finish::Failed));
    let later: Vec<_> = (1..4).map(|i| small(&acme, i)).collect();
    for new in &later {
        store.accept(new).await.unwrap();
    }
    let limits = PlanLimits { target_bytes: TARGET, max_chunks: 100 };
    let terms = retry_terms(limits);
    let retry = || store.retry(&acme, failed.id, &failed.targets, "r", &terms);
    assert!(matches!(retry().await, Err(RetryError::Full(_))));
    assert_eq!(store.cancel_or_delete(&acme, later[2].id).await.unwrap(), Ended::Canceled);
    store.dispatch().await.unwrap();
    retry().await.unwrap();
    assert_eq!(place(&store, &acme, later[1].id).await, (ExportStatus::Queued, Some(1)));
    assert_eq!(place(&store, &acme, failed.id).await, (ExportStatus::Queued, Some(2)));
}
