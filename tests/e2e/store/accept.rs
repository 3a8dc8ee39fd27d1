//! Acceptance: one transaction, reuse by cover, idempotency keys.

use export::plan::Reuse;
use store::{AcceptError, Idempotency, ListFilter, Store};
use tests::Database;

use crate::fixture::{add_tenant, drain, new_export, target};

async fn store() -> (Database, Store) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

#[tokio::test]
async fn accepted_export_has_all_chunks_due() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new =
        new_export(&acme, vec![target(&acme, "orders", 0, 100, 5), target(&acme, "clients", 0, 100, 1)]);
    let accepted = store.accept(&new).await.unwrap();
    assert!(!accepted.replayed && !accepted.complete);
    let export = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((export.progress.chunks_total, export.progress.weight_done), (6, 0));
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 6);
}

#[tokio::test]
async fn a_foreign_export_is_not_found() {
    let (_database, store) = store().await;
    let (acme, other) = (add_tenant(&store, "acme").await, add_tenant(&store, "other").await);
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]);
    store.accept(&new).await.unwrap();
    assert!(store.export(&other, new.id).await.unwrap().is_none());
    assert!(store.chunk_page(&other, new.id, None, 10).await.unwrap().is_none());
    assert!(
        store.exports(&other, &ListFilter::default(), None, 10, 1 << 20).await.unwrap().exports.is_empty()
    );
    assert!(store.request_of(&other, new.id).await.unwrap().is_none());
    assert_eq!(store.cancel_or_delete(&other, new.id).await.unwrap(), store::Ended::NotFound);
}

#[tokio::test]
async fn equal_requests_of_two_tenants_share_nothing() {
    let (database, store) = store().await;
    for name in ["acme", "other"] {
        let tenant = add_tenant(&store, name).await;
        store.accept(&new_export(&tenant, vec![target(&tenant, "orders", 0, 10, 1)])).await.unwrap();
    }
    assert_eq!(database.number("select count(*) from sluice.chunk").await.unwrap(), 2);
}

#[tokio::test]
async fn settled_chunks_are_reused_and_unread_ones_shared() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let first = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&first).await.unwrap();
    // Unread: shared.
    let second = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&second).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk").await.unwrap(), 4);
    assert_eq!(drain(&store).await.len(), 2, "the last chunk belongs to both");
    // Settled: reused, and the export is complete at once.
    let third = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    assert!(store.accept(&third).await.unwrap().complete);
    // One more day: only that is new.
    let fourth = new_export(&acme, vec![target(&acme, "orders", 0, 101, 4)]);
    store.accept(&fourth).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 1);
    // Reuse disabled: everything is new.
    let fifth = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&store::NewExport { reuse: Reuse::Never, ..fifth }).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 5);
}

#[tokio::test]
async fn concurrent_repeats_of_a_key_make_one_export() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let key = |body: u8| {
        Some(Idempotency { key: "k".into(), body_sha256: [body; 32], sent_sha256: [body + 100; 32] })
    };
    let tasks = (0..8).map(|_| {
        let (store, mut new) =
            (Store::new(&database.url).unwrap(), new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]));
        new.idempotency = key(1);
        tokio::spawn(async move { store.accept(&new).await.unwrap() })
    });
    let accepted: Vec<_> = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(accepted.iter().filter(|a| !a.replayed).count(), 1);
    assert!(accepted.iter().all(|a| a.id == accepted[0].id));
    let mut other = new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]);
    other.idempotency = key(2);
    assert!(matches!(store.accept(&other).await, Err(AcceptError::KeyReused)));
    // A body that is parsed differently than before, but was sent in the same words, is a repeat.
    other.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [2; 32], sent_sha256: [101; 32] });
    assert!(store.accept(&other).await.unwrap().replayed);
    assert_eq!(store.replayed(&acme, "k", &[101; 32]).await.unwrap(), Some(accepted[0].id));
    assert_eq!(store.replayed(&acme, "k", &[1; 32]).await.unwrap(), None);
    let stranger = add_tenant(&store, "other").await;
    assert_eq!(store.replayed(&stranger, "k", &[101; 32]).await.unwrap(), None);
    assert_eq!(database.number("select count(*) from sluice.export").await.unwrap(), 1);
}

#[tokio::test]
async fn a_refused_request_stores_nothing() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let mut new = new_export(&acme, vec![target(&acme, "orders", 0, 1000, 500)]);
    new.limits.max_chunks = 10;
    new.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [1; 32], sent_sha256: [1; 32] });
    assert!(matches!(store.accept(&new).await, Err(AcceptError::TooManyChunks(_))));
    assert_eq!(database.number("select (select count(*) from sluice.export) + (select count(*) from sluice.idempotency) + (select count(*) from sluice.selection)").await.unwrap(), 0);
}
