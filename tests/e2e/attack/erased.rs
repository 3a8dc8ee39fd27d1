//! Filter values are removed with the last chunk that was read with them, and concurrently accepted exports do not
//! interfere.

use export::selection::{Predicate, Test};
use store::Store;
use tests::Database;

use crate::fixture::{add_tenant, drain, new_export, target};

/// A name used in a filter.
const NAME: &str = "zq9somebody";

async fn database() -> (Database, Store) {
    let settings = [("budget", "2"), ("worker_timeout_secs", "0"), ("reuse_days", "0")];
    let database = Database::create(&settings).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

/// Deletes as the sweeper does for an empty bucket.
async fn sweep(store: &Store) {
    store.release_unused(100).await.unwrap();
    let deleting = store.deleting_chunks(100).await.unwrap();
    let gone: Vec<_> = deleting.into_iter().filter(|one| one.quiet).map(|one| one.chunk).collect();
    store.forget(&gone).await.unwrap();
    store.prune(1000).await.unwrap();
}

#[tokio::test]
async fn filter_values_are_deleted_with_their_export() {
    let (database, store) = database().await;
    let tenant = add_tenant(&store, "acme").await;
    let mut target = target(&tenant, "clients", 0, 10, 2);
    target.selection.settle_after_secs = None;
    target.selection.predicates =
        vec![Predicate { column: "name".into(), test: Test::Ne(NAME.into()), by: None }];
    target.fingerprint = target.selection.fingerprint(&tenant, "test");
    let mut new = new_export(&tenant, vec![target]);
    new.request = serde_json::json!({"filters": {"name": {"ne": NAME}}});
    store.accept(&new).await.unwrap();
    drain(&store).await;
    store::finish::run(&store, &ports::objects::MemoryObjects::default(), new.id).await.unwrap();
    let kept = format!(
        "select (select count(*) from sluice.selection where body::text like '%{NAME}%') \
         + (select count(*) from sluice.export e where e::text like '%{NAME}%') \
         + (select count(*) from sluice.chunk c where c::text like '%{NAME}%')"
    );
    sweep(&store).await;
    assert_eq!(database.number(&kept).await.unwrap(), 2, "it is needed while the export is there");
    store.cancel_or_delete(&tenant, new.id).await.unwrap();
    sweep(&store).await;
    sweep(&store).await;
    assert_eq!(database.number(&kept).await.unwrap(), 0);
}

#[tokio::test]
async fn accepts_and_prunes_do_not_fail_each_other() {
    let (_database, store) = database().await;
    let tenant = add_tenant(&store, "acme").await;
    let accepts = async {
        for _ in 0..40 {
            // The same selection each time, removed and recreated.
            let new = new_export(&tenant, vec![target(&tenant, "orders", 0, 10, 1)]);
            store.accept(&new).await.unwrap();
            store.cancel_or_delete(&tenant, new.id).await.unwrap();
            store.cancel_or_delete(&tenant, new.id).await.unwrap();
        }
    };
    let other = Store::clone(&store);
    let prunes = async {
        for _ in 0..80 {
            sweep(&other).await;
        }
    };
    tokio::join!(accepts, prunes);
}

#[tokio::test]
async fn forgetting_a_tenant_removes_only_its_own_rows() {
    let (database, store) = database().await;
    let (tenant, other) = (add_tenant(&store, "acme").await, add_tenant(&store, "other").await);
    for of in [&tenant, &other] {
        // One that has ended, whose chunks would be reused; one that runs; one that waits.
        let ended = new_export(of, vec![target(of, "orders", 0, 10, 2)]);
        store.accept(&ended).await.unwrap();
        drain(&store).await;
        store::finish::run(&store, &ports::objects::MemoryObjects::default(), ended.id).await.unwrap();
        store.accept(&new_export(of, vec![target(of, "clients", 0, 10, 2)])).await.unwrap();
    }
    let sent = store.dispatch().await.unwrap();
    store.lease(sent[0], crate::fixture::LEASE_SECS).await.unwrap().unwrap();
    store.accept(&new_export(&tenant, vec![target(&tenant, "clients", 20, 30, 2)])).await.unwrap();
    let rows = |of: &str| {
        format!(
            "select (select count(*) from sluice.tenant where id = '{of}') + (select count(*) from sluice.api_key where tenant = '{of}') \
             + (select count(*) from sluice.export where tenant = '{of}') + (select count(*) from sluice.chunk where tenant = '{of}') \
             + (select count(*) from sluice.tenant_turn where tenant = '{of}') + (select count(*) from sluice.export_turn where tenant = '{of}')"
        )
    };
    let others = database.number(&rows("other")).await.unwrap();
    let forgotten = store.forget_tenant(&tenant).await.unwrap().unwrap();
    assert_eq!((forgotten.keys, forgotten.exports, forgotten.exports_left, forgotten.gone), (1, 3, 0, false));
    assert!(forgotten.chunks_left > 0, "their files are the sweeper's to delete: {forgotten:?}");
    for _ in 0..3 {
        sweep(&store).await;
    }
    let rest = store.forget_tenant(&tenant).await.unwrap().unwrap();
    assert!(!rest.gone && rest.prefixes_left > 0, "manifests are not swept yet: {rest:?}");
    for orphan in store.due_orphans(100).await.unwrap() {
        store.swept(&orphan).await.unwrap();
    }
    let rest = store.forget_tenant(&tenant).await.unwrap().unwrap();
    assert!(rest.gone && rest.chunks_left == 0, "{rest:?}");
    assert_eq!(database.number(&rows("acme")).await.unwrap(), 0);
    assert_eq!(store.forget_tenant(&tenant).await.unwrap(), None);
    assert_eq!(database.number(&rows("other")).await.unwrap(), others);
}
