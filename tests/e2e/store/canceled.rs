//! Canceled and deleted exports.

use export::state::ExportStatus;
use store::{Ended, Expected};

use super::ends::store;
use crate::fixture::{LEASE_SECS, add_tenant, new_export, target};

#[tokio::test]
async fn canceling_an_export_removes_only_its_own_chunks() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let (one, two) = (
        new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]),
        new_export(&acme, vec![target(&acme, "orders", 0, 200, 8)]),
    );
    store.accept(&one).await.unwrap();
    store.accept(&two).await.unwrap();
    let running = store.dispatch().await.unwrap()[0];
    let attempt = store.lease(running, LEASE_SECS).await.unwrap().unwrap();
    assert_eq!(store.cancel_or_delete(&acme, two.id).await.unwrap(), Ended::Canceled);
    let chunks = "select count(*) from sluice.chunk";
    assert_eq!(database.number(chunks).await.unwrap(), 4, "what was never read is gone");
    assert!(
        store.renew(running, attempt.number, LEASE_SECS).await.unwrap(),
        "the other export still wants it"
    );
    assert_eq!(store.cancel_or_delete(&acme, one.id).await.unwrap(), Ended::Canceled);
    assert!(!store.renew(running, attempt.number, LEASE_SECS).await.unwrap());
    assert!(store.dispatch().await.unwrap().is_empty());
    assert_eq!(store.export(&acme, one.id).await.unwrap().unwrap().status, ExportStatus::Canceled);
    assert_eq!(store.cancel_or_delete(&acme, one.id).await.unwrap(), Ended::Deleted);
    assert_eq!(store.cancel_or_delete(&acme, one.id).await.unwrap(), Ended::NotFound);
    let dying = "select count(*) from sluice.chunk where state = 'dying' and attempt = 1";
    assert_eq!((database.number(chunks).await.unwrap(), database.number(dying).await.unwrap()), (1, 1));
}

#[tokio::test]
async fn expected_state_decides_between_cancel_and_delete() {
    let (_database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&new).await.unwrap();
    let end = async |expected| store.cancel_or_delete_if(&acme, new.id, expected).await.unwrap();
    let status = async || store.export(&acme, new.id).await.unwrap().unwrap().status;
    assert_eq!((end(Expected::Ended).await, status().await), (Ended::Unchanged, ExportStatus::Queued));
    assert_eq!((end(Expected::Live).await, status().await), (Ended::Canceled, ExportStatus::Canceled));
    assert_eq!((end(Expected::Live).await, status().await), (Ended::Unchanged, ExportStatus::Canceled));
    assert_eq!(end(Expected::Ended).await, Ended::Deleted);
    assert_eq!(end(Expected::Live).await, Ended::NotFound);
}

#[tokio::test]
async fn an_export_that_never_ran_leaves_nothing_to_sweep() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    for i in 0..3 {
        let new = new_export(&acme, vec![target(&acme, "orders", i * 100, i * 100 + 100, 4)]);
        store.accept(&new).await.unwrap();
        // Also while a message is in transit.
        assert!(i == 2 || !store.dispatch().await.unwrap().is_empty());
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Deleted);
    }
    assert!(store.deleting_chunks(10).await.unwrap().is_empty());
    assert!(store.due_orphans(10).await.unwrap().is_empty());
    store.prune(1000).await.unwrap();
    let left = "select (select count(*) from sluice.chunk) + (select count(*) from sluice.selection) \
                + (select count(*) from sluice.export) + (select count(*) from sluice.litter)";
    assert_eq!(database.number(left).await.unwrap(), 0);
}
