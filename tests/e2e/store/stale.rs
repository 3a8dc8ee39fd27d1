//! Statements stay cheap with statistics that are older than the data: they describe another tenant's chunks, as they
//! do when a tenant's first large requests arrive between two runs of autovacuum.

use store::{ListFilter, Store};
use tests::Database;

use crate::fixture::{add_tenant, new_export, target, work};

/// Chunks of the requests that wait, and of the request that is measured.
const WAITING: u64 = 1_000;
const FRESH: u64 = 80;

/// Maximum pages that a statement may touch per call. Inserting a chunk and its two links touches about 50: the rows,
/// their indexes and the references.
const MAX_PAGES: i64 = 5_000;

async fn setup() -> (Database, Store) {
    let database = Database::create(&[("budget", "4")]).await.unwrap();
    database.run("create extension pg_stat_statements").await.unwrap();
    for table in ["chunk", "link", "export", "selection", "attempt"] {
        database.run(&format!("alter table sluice.{table} set (autovacuum_enabled = off)")).await.unwrap();
    }
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

/// Returns pages per call and the begin of each statement, the most expensive first.
async fn pages(database: &Database) -> Vec<(i64, String)> {
    let query = "select string_agg(format('%s %s', pages, query), E'\\n' order by pages desc) from ( \
        select (shared_blks_hit + shared_blks_read) / calls as pages, left(regexp_replace(query, '\\s+', ' ', 'g'), 90) as query \
        from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) \
        order by 1 desc limit 12) s";
    let found = database.text(query).await.unwrap();
    let split = |line: &str| {
        let (pages, query) = line.split_once(' ').unwrap();
        (pages.parse().unwrap(), query.to_owned())
    };
    found.lines().map(split).collect()
}

#[tokio::test]
async fn statements_touch_few_pages_with_statistics_older_than_the_data() {
    let (database, store) = setup().await;
    let (early, late) = (add_tenant(&store, "early").await, add_tenant(&store, "late").await);
    store.accept(&new_export(&early, vec![target(&early, "orders", 0, 2000, WAITING)])).await.unwrap();
    database.run("analyze").await.unwrap();
    for dataset in 0..10 {
        let targets = vec![target(&late, &format!("d{dataset}"), 0, 2000, WAITING)];
        store.accept(&new_export(&late, targets)).await.unwrap();
    }
    // The server's catalogs are read by the first statements of a session.
    store.accept(&new_export(&late, vec![target(&late, "first", 0, 100, 4)])).await.unwrap();
    database.reset_statements().await.unwrap();

    let new = new_export(&late, vec![target(&late, "fresh", 0, 2000, FRESH)]);
    store.accept(&new).await.unwrap();
    let same = new_export(&late, new.targets.clone());
    store.accept(&same).await.unwrap();
    assert!(store.export(&late, new.id).await.unwrap().unwrap().progress.chunks_total >= FRESH - 1);
    store.exports(&late, &ListFilter::default(), None, 1, 1 << 20).await.unwrap();
    for chunk in store.dispatch().await.unwrap() {
        work(&store, chunk).await;
    }
    store.cancel_or_delete(&late, same.id).await.unwrap();
    store.cancel_or_delete(&late, new.id).await.unwrap();

    let found = pages(&database).await;
    println!("pages per call with {} waiting chunks of the tenant:", 10 * WAITING);
    for (pages, query) in &found {
        println!("{pages:>6} {query}");
    }
    let least = found.iter().map(|(pages, _)| *pages).max();
    assert!(least.is_some_and(|pages| pages <= MAX_PAGES), "{found:?}");
}
