//! What a tenant may keep: so many exports, and so many bytes of their requests, live or ended.

use export::id::TenantId;
use ports::store::{AcceptError, Ended, Idempotency, Kept, NewExport, Store};
use serde_json::json;
use tests::Database;

use crate::fixture::{add_tenant, new_export, want, work};

async fn ground(settings: &[(&str, &str)]) -> (Database, Store, TenantId) {
    let settings: Vec<_> = settings.iter().copied().chain([("budget", "8")]).collect();
    let database = Database::create(&settings).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

fn small(tenant: &TenantId, i: usize) -> NewExport {
    new_export(tenant, vec![want(tenant, &format!("small_{i}"), 0, 10, 1)])
}

#[tokio::test]
async fn exports_that_are_kept_are_bounded_and_deleting_makes_room() {
    let (database, store, acme) = ground(&[("max_kept_exports", "3")]).await;
    let mut first = small(&acme, 0);
    first.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [1; 32], sent_sha256: [1; 32] });
    let exports = [first.clone(), small(&acme, 1), small(&acme, 2)];
    for new in &exports {
        store.accept(new).await.unwrap();
    }
    // Canceled ones count: their rows are kept.
    for new in &exports[1..] {
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
    }
    let refused = store.accept(&small(&acme, 3)).await.unwrap_err();
    assert!(matches!(refused, AcceptError::Kept(Kept::Exports(3))), "{refused:?}");
    let repeat = NewExport { id: small(&acme, 0).id, ..first };
    assert!(store.accept(&repeat).await.unwrap().replayed, "a repeat keeps nothing more");
    let other = add_tenant(&store, "other").await;
    store.accept(&small(&other, 3)).await.unwrap();

    assert_eq!(store.cancel_or_delete(&acme, exports[1].id).await.unwrap(), Ended::Deleted);
    store.accept(&small(&acme, 3)).await.unwrap();
    let counted = "select exports from sluice.tenant_kept where tenant = 'acme'";
    assert_eq!(database.number(counted).await.unwrap(), 3);
}

#[tokio::test]
async fn bytes_of_requests_that_are_kept_are_bounded() {
    let (database, store, acme) = ground(&[("max_kept_request_megabytes", "2")]).await;
    let large = |i: usize| NewExport { request: json!({"filters": "x".repeat(900_000)}), ..small(&acme, i) };
    let mut ids = Vec::new();
    let refused = loop {
        let new = large(ids.len());
        match store.accept(&new).await {
            Ok(_) => ids.push(new.id),
            Err(refused) => break refused,
        }
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
    };
    assert!(matches!(refused, AcceptError::Kept(Kept::Megabytes(2))), "{refused:?}");
    assert_eq!(ids.len(), 3, "the third goes over it");
    assert_eq!(store.cancel_or_delete(&acme, ids[0]).await.unwrap(), Ended::Deleted);
    store.accept(&large(9)).await.unwrap();
    let counted = "select request_bytes from sluice.tenant_kept where tenant = 'acme'";
    let kept = "select sum(octet_length(request::text))::bigint from sluice.export where tenant = 'acme'";
    assert_eq!(database.number(counted).await.unwrap(), database.number(kept).await.unwrap());
}

#[tokio::test]
async fn a_canceled_export_without_files_goes_after_a_day_and_one_with_files_stays() {
    let (database, store, acme) = ground(&[]).await;
    let (without, with) = (small(&acme, 0), new_export(&acme, vec![want(&acme, "orders", 0, 100, 4)]));
    store.accept(&with).await.unwrap();
    work(&store, store.dispatch().await.unwrap()[0]).await;
    store.accept(&without).await.unwrap();
    for new in [&with, &without] {
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
    }
    assert!(store.without_files(10).await.unwrap().is_empty(), "its owner may look at it for a day");
    database.run("update sluice.export set ended_at = ended_at - interval '25 hours'").await.unwrap();
    assert_eq!(store.without_files(10).await.unwrap(), [without.id]);
    assert!(store.remove_canceled(without.id).await.unwrap());
    assert!(!store.remove_canceled(without.id).await.unwrap());
    assert!(store.export(&acme, without.id).await.unwrap().is_none());
    assert!(store.export(&acme, with.id).await.unwrap().is_some());
}

#[tokio::test]
async fn a_page_of_exports_ends_by_their_bytes_and_every_export_is_on_one() {
    let (_database, store, acme) = ground(&[]).await;
    for i in 0..7 {
        let request = json!({"filters": "x".repeat(if i == 3 { 5_000 } else { 1_000 })});
        store.accept(&NewExport { request, ..small(&acme, i) }).await.unwrap();
    }
    let all = store.exports(&acme, None, None, 100, 1 << 20, None).await.unwrap();
    assert_eq!((all.exports.len(), all.more), (7, false));
    let (mut seen, mut before, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = store.exports(&acme, None, before, 3, 4_000, None).await.unwrap();
        sizes.push(page.exports.len());
        seen.extend(page.exports.iter().map(|e| e.id));
        before = page.exports.last().map(|e| (e.accepted_micros, e.id));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, all.exports.iter().map(|e| e.id).collect::<Vec<_>>());
    assert!(sizes.iter().all(|n| (1..=3).contains(n)) && sizes.contains(&1), "{sizes:?}");
    assert!(store.exports(&acme, None, before, 3, 4_000, None).await.unwrap().exports.is_empty());
}

#[tokio::test]
async fn a_page_has_exports_of_the_named_datasets_alone_and_ends_by_them() {
    let (_database, store, acme) = ground(&[]).await;
    let mut seen = Vec::new();
    for i in 0..6 {
        let name = if i % 2 == 0 { "orders" } else { "clients" };
        let new = new_export(&acme, vec![want(&acme, name, i * 100, i * 100 + 100, 1)]);
        store.accept(&new).await.unwrap();
        if name == "orders" {
            seen.insert(0, new.id);
        }
    }
    let within = ["orders".to_owned()];
    let page = store.exports(&acme, None, None, 3, 1 << 20, Some(&within)).await.unwrap();
    assert_eq!(page.exports.iter().map(|e| e.id).collect::<Vec<_>>(), seen);
    assert!(!page.more, "what is left out is on no further page");
    assert!(store.exports(&acme, None, None, 2, 1 << 20, Some(&within)).await.unwrap().more);
}
