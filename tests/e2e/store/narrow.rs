//! A narrower catalog: chunks it no longer allows are never reused, and running exports of them fail with a clear
//! error.

use std::collections::BTreeMap;

use export::catalog::{Dataset, Revision};
use export::failure::FailureCode;
use export::id::TenantId;
use export::state::ExportStatus;
use sqlx::Executor;
use store::{AcceptError, Applied, NewExport, Put, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, new_export, target, work};

/// Returns a catalog of `names`, against which the fixture's targets are checked.
pub(super) fn catalog(names: &[&str], change: impl Fn(&mut Dataset)) -> Applied {
    let acme: TenantId = "acme".parse().unwrap();
    let dataset = |name: &&str| {
        let selection = target(&acme, name, 0, 1, 1).selection;
        let mut dataset = Dataset {
            from: selection.from,
            columns: selection.columns,
            range: selection.range_column,
            key: None,
            tenant_column: None,
            shared: true,
            filters: vec![],
            settle_after_secs: selection.settle_after_secs,
            order: vec![],
            epoch: selection.epoch,
            search_path: selection.search_path,
        };
        if **name == *"orders" {
            change(&mut dataset);
        }
        ((*name).to_owned(), dataset)
    };
    let revision = Revision { datasets: names.iter().map(dataset).collect() };
    Applied { revision_id: revision.id(), revision, estimates: BTreeMap::new(), source: "test".into() }
}

async fn store() -> (Database, Store, TenantId, Applied) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let applied = catalog(&["orders", "clients"], |_| ());
    assert!(store.apply_catalog(&applied).await.unwrap().is_empty());
    (database, store, acme, applied)
}

fn export(tenant: &TenantId, applied: &Applied, name: &str) -> NewExport {
    let new = new_export(tenant, vec![target(tenant, name, 0, 100, 4)]);
    NewExport { revision_id: applied.revision_id.clone(), ..new }
}

#[tokio::test]
async fn catalog_that_fails_live_exports_is_refused_with_a_preview() {
    let (_database, store, acme, applied) = store().await;
    store.accept(&export(&acme, &applied, "orders")).await.unwrap();
    let fewer = catalog(&["clients"], |_| ());
    let foretold = store.would_narrow(&fewer).await.unwrap();
    assert_eq!((foretold["orders"].failed, foretold["orders"].exports.len()), (4, 1), "{foretold:?}");
    let refused = store.put_in_force(&fewer, Some("# fewer"), false).await.unwrap();
    assert_eq!(refused, Put::Refused(foretold.clone()), "what is refused is what was foretold");
    let in_force = store.applied_catalog().await.unwrap().unwrap();
    assert_eq!(in_force.revision_id, applied.revision_id, "the catalog before stays in force");
    assert_eq!(store.kept_catalog(None).await.unwrap().unwrap().toml, None);
    // Other datasets lose nothing, so nothing needs to be allowed.
    let other = catalog(&["orders"], |_| ());
    let put = store.put_in_force(&other, Some("# orders"), false).await.unwrap();
    assert_eq!(put, Put::InForce(BTreeMap::new()));
    let put = store.put_in_force(&fewer, Some("# fewer"), true).await.unwrap();
    assert_eq!(put, Put::InForce(foretold));
    let kept = store.kept_catalog(None).await.unwrap().unwrap();
    assert_eq!((kept.toml.as_deref(), kept.in_force, kept.datasets), (Some("# fewer"), true, 1));
    let earlier = store.kept_catalog(Some(&other.revision_id[..8])).await.unwrap().unwrap();
    assert_eq!((earlier.toml.as_deref(), earlier.in_force), (Some("# orders"), false));
    assert_eq!(store.kept_catalog(Some("nothing")).await.unwrap(), None);
    assert_eq!(store.catalog_revisions(10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn narrowing_fails_unread_chunks_with_a_reason() {
    let (database, store, acme, applied) = store().await;
    let (orders, clients) = (export(&acme, &applied, "orders"), export(&acme, &applied, "clients"));
    store.accept(&orders).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    work(&store, sent[0]).await;
    let running = store.lease(sent[1], LEASE_SECS).await.unwrap().unwrap();
    store.accept(&clients).await.unwrap();

    let narrowed = store.apply_catalog(&catalog(&["orders", "clients"], |d| d.epoch = 2)).await.unwrap();
    assert_eq!(narrowed.keys().collect::<Vec<_>>(), ["orders"]);
    let one = &narrowed["orders"];
    assert_eq!((one.failed, one.forgotten, one.exports.as_slice()), (3, 1, &[orders.id][..]));
    assert_eq!(one.reasons, ["the epoch of the dataset changed"]);

    let state = store.export(&acme, orders.id).await.unwrap().unwrap();
    assert_eq!((state.status, state.errors.len(), state.progress.chunks_done), (ExportStatus::Failed, 3, 1));
    let failure = &state.errors[0].failure;
    assert_eq!(failure.code, FailureCode::CatalogChanged);
    assert!(failure.message.contains("epoch") && failure.message.contains("retry"), "{}", failure.message);
    assert!(!store.renew(sent[1], running.number, LEASE_SECS).await.unwrap(), "the worker stops");
    assert_eq!(database.number("select count(*) from sluice.chunk where reusable").await.unwrap(), 0);
    // The other dataset continues.
    drain(&store).await;
    assert_eq!(store.export(&acme, clients.id).await.unwrap().unwrap().progress.chunks_done, 4);
}

#[tokio::test]
async fn widening_the_catalog_invalidates_nothing() {
    let (database, store, acme, applied) = store().await;
    store.accept(&export(&acme, &applied, "orders")).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    work(&store, sent[0]).await;
    let wider = catalog(&["orders", "clients", "more"], |d| {
        d.filters.push(export::column::Column::native("country", 25, export::column::ColumnType::Text));
        d.columns.push(export::column::Column::native("country", 25, export::column::ColumnType::Text));
    });
    assert!(store.apply_catalog(&wider).await.unwrap().is_empty());
    for chunk in &sent[1..] {
        work(&store, *chunk).await;
    }
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'failed'").await.unwrap(), 0);
    // Its rows are the same under the wider catalog if the same columns are requested.
    assert!(store.accept(&export(&acme, &wider, "orders")).await.unwrap().complete);
}

#[tokio::test]
async fn another_source_invalidates_everything() {
    let (_database, store, acme, applied) = store().await;
    for name in ["orders", "clients"] {
        store.accept(&export(&acme, &applied, name)).await.unwrap();
    }
    let narrowed = store.apply_catalog(&Applied { source: "elsewhere".into(), ..applied }).await.unwrap();
    assert_eq!(narrowed.values().map(|n| n.failed).sum::<u64>(), 8);
    assert!(narrowed["orders"].reasons[0].contains("different database"));
}

#[tokio::test]
async fn export_against_an_outdated_catalog_is_refused() {
    let (database, store, acme, applied) = store().await;
    store.apply_catalog(&catalog(&["clients"], |_| ())).await.unwrap();
    let late = export(&acme, &applied, "orders");
    assert!(matches!(store.accept(&late).await, Err(AcceptError::CatalogChanged)));
    assert_eq!(database.number("select count(*) from sluice.export").await.unwrap(), 0);
}

#[tokio::test]
async fn concurrent_apply_leaves_no_unread_chunk_of_the_old_catalog() {
    let (database, store, acme, applied) = store().await;
    let narrow = catalog(&["clients"], |_| ());
    for round in 0..20u64 {
        store.apply_catalog(&applied).await.unwrap();
        let accepts = (0..4).map(|_| {
            let (store, new) = (Store::new(&database.url).unwrap(), export(&acme, &applied, "orders"));
            tokio::spawn(async move {
                match store.accept(&new).await {
                    Ok(_) | Err(AcceptError::CatalogChanged) => {}
                    Err(other) => panic!("{other}"),
                }
            })
        });
        let mut accepts: Vec<_> = accepts.collect();
        // In the first rounds no session is connected yet; in the last one every export has been accepted, however busy the
        // machine is.
        if round == 19 {
            for accept in accepts.drain(..) {
                accept.await.unwrap();
            }
        } else {
            tokio::time::sleep(std::time::Duration::from_millis(round * round)).await;
        }
        store.apply_catalog(&narrow).await.unwrap();
        for accept in accepts {
            accept.await.unwrap();
        }
        let unread = "select count(*) from sluice.chunk where dataset = 'orders' and state in ('due', 'sent', 'running')";
        assert_eq!(database.number(unread).await.unwrap(), 0, "round {round}");
    }
    assert!(database.number("select count(*) from sluice.export").await.unwrap() > 0);
}

/// A tenant created while a catalog is applied has no row that could be locked.
#[tokio::test(flavor = "multi_thread")]
async fn new_tenant_gets_nothing_from_a_catalog_being_replaced() {
    let (database, store, _, applied) = store().await;
    database
        .run("create function brake() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock_shared(77); return new; end $$; \
              create trigger brake before insert on sluice.catalog for each row execute function brake()")
        .await
        .unwrap();
    let mut holder = database.connect().await.unwrap();
    holder.execute("select pg_advisory_lock(77)").await.unwrap();
    let apply = tokio::spawn({
        let store = Store::new(&database.url).unwrap();
        async move { store.apply_catalog(&catalog(&["clients"], |_| ())).await.unwrap() }
    });
    let held = "select count(*) from pg_locks where locktype = 'advisory' and objid = 77 and not granted \
        and database = (select oid from pg_database where datname = current_database())";
    tests::eventually("the catalog is being applied", async || database.number(held).await.unwrap() > 0)
        .await;
    let novel = add_tenant(&store, "novel").await;
    let accept = tokio::spawn({
        let (store, new) = (Store::new(&database.url).unwrap(), export(&novel, &applied, "orders"));
        async move { store.accept(&new).await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    holder.execute("select pg_advisory_unlock(77)").await.unwrap();
    apply.await.unwrap();
    assert!(matches!(accept.await.unwrap(), Err(AcceptError::CatalogChanged)));
    assert_eq!(database.number("select count(*) from sluice.chunk").await.unwrap(), 0);
}
