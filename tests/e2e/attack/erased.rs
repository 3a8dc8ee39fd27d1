//! What stood in a filter goes with the last chunk that was read by it, and exports that are accepted meanwhile are not
//! in its way.

use export::selection::{Predicate, Test};
use ports::store::Store;
use tests::Database;

use crate::fixture::{add_tenant, drain, new_export, want};

/// A name that somebody filtered by.
const NAME: &str = "zq9somebody";

async fn database() -> (Database, Store) {
    let settings = [("budget", "2"), ("worker_timeout_secs", "0"), ("reuse_days", "0")];
    let database = Database::create(&settings).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

/// As the sweeper does it, for a bucket in which nothing is found.
async fn sweep(store: &Store) {
    store.release_unused(100).await.unwrap();
    let dying = store.dying(100).await.unwrap();
    let gone: Vec<_> = dying.into_iter().filter(|one| one.quiet).map(|one| one.chunk).collect();
    store.forget(&gone).await.unwrap();
    store.prune().await.unwrap();
}

#[tokio::test]
async fn the_values_of_a_filter_go_with_its_export() {
    let (database, store) = database().await;
    let tenant = add_tenant(&store, "acme").await;
    let mut want = want(&tenant, "clients", 0, 10, 2);
    want.selection.settle_after_secs = None;
    want.selection.predicates =
        vec![Predicate { column: "name".into(), test: Test::Ne(NAME.into()), by: None }];
    want.fingerprint = want.selection.fingerprint(&tenant, "test");
    let mut new = new_export(&tenant, vec![want]);
    new.request = serde_json::json!({"filters": {"name": {"ne": NAME}}});
    store.accept(&new).await.unwrap();
    drain(&store).await;
    ports::finish::run(&store, &ports::objects::MemoryObjects::default(), new.id).await.unwrap();
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
            // The same selection each time, gone and made anew.
            let new = new_export(&tenant, vec![want(&tenant, "orders", 0, 10, 1)]);
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
