//! A small export submitted after a large one ends soon, with a budget of 2 and whatever else waits.

use std::collections::VecDeque;

use export::id::{ExportId, TenantId};
use store::{NewExport, Store};
use tests::Database;

use crate::fixture::{add_tenant, new_export, target, work};

const BUDGET: usize = 2;

/// Messages in the order they were sent, and two equally fast workers that take the oldest first.
struct Workers {
    queue: VecDeque<export::id::ChunkId>,
}

impl Workers {
    /// Makes each worker process one chunk. Returns the exports of each chunk in the order in which they ended.
    async fn turn(&mut self, store: &Store) -> Vec<Vec<ExportId>> {
        let mut done = Vec::new();
        for _ in 0..BUDGET.min(self.queue.len()) {
            let Some(chunk) = self.queue.pop_front() else { break };
            let exports = work(store, chunk).await;
            for export in &exports {
                if let store::Finish::AllDone(finished) = store.finish(*export).await.unwrap() {
                    store.mark_succeeded(*export, "key", finished.edition).await.unwrap();
                }
            }
            self.queue.extend(store.dispatch().await.unwrap());
            done.push(exports);
        }
        done
    }
}

async fn setup() -> (Database, Store, Workers, TenantId) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let large = new_export(&acme, vec![target(&acme, "orders", 0, 500, 500)]);
    store.accept(&large).await.unwrap();
    let mut workers = Workers { queue: store.dispatch().await.unwrap().into() };
    for _ in 0..5 {
        workers.turn(&store).await;
    }
    (database, store, workers, acme)
}

/// Counts the foreign chunks that end before the export does.
async fn foreign_before(store: &Store, workers: &mut Workers, small: &NewExport) -> usize {
    workers.queue.extend(store.dispatch().await.unwrap());
    let (mut own, mut foreign) = (0, 0);
    for _ in 0..1000 {
        for exports in workers.turn(store).await {
            if exports == [small.id] {
                own += 1;
            } else if own < 3 {
                foreign += 1;
            }
        }
        if own == 3 {
            return foreign;
        }
    }
    panic!("it does not end");
}

/// Creates waiting exports of one chunk each.
async fn waiting(store: &Store, tenant: &TenantId, how_many: usize) {
    for i in 0..how_many {
        store.accept(&new_export(tenant, vec![target(tenant, &format!("w{i}"), 0, 10, 1)])).await.unwrap();
    }
}

fn small(tenant: &TenantId) -> NewExport {
    new_export(tenant, vec![target(tenant, "clients", 0, 30, 3)])
}

#[tokio::test]
async fn small_export_overtakes_a_large_one_of_another_tenant() {
    let (_database, store, mut workers, acme) = setup().await;
    waiting(&store, &acme, 200).await;
    let other = add_tenant(&store, "other").await;
    let small = small(&other);
    store.accept(&small).await.unwrap();
    let foreign = foreign_before(&store, &mut workers, &small).await;
    println!("foreign chunks, another tenant: {foreign}");
    assert!(foreign <= 12, "{foreign}");
}

#[tokio::test]
async fn small_export_overtakes_a_large_one_of_its_tenant() {
    let (_database, store, mut workers, acme) = setup().await;
    let small = small(&acme);
    store.accept(&small).await.unwrap();
    waiting(&store, &acme, 200).await;
    let foreign = foreign_before(&store, &mut workers, &small).await;
    println!("foreign chunks, same tenant: {foreign}");
    assert!(foreign <= 12, "{foreign}");
}

#[tokio::test]
async fn small_exports_do_not_starve_a_large_one() {
    let (_database, store, mut workers, acme) = setup().await;
    waiting(&store, &acme, 100).await;
    let (mut large, mut others) = (0, 0);
    for _ in 0..60 {
        for exports in workers.turn(&store).await {
            let state = store.export(&acme, exports[0]).await.unwrap().unwrap();
            if state.progress.chunks_total == 500 { large += 1 } else { others += 1 }
        }
    }
    assert!(others >= 40 && large >= 30, "{large} of the large one, {others} of the small ones");
}
