//! Reads of the store grow with the request, not with the unrelated data it keeps. PostgreSQL counts the pages.

use export::column::{Column, ColumnType};
use export::cut::Consistency;
use export::id::TenantId;
use export::usage::Usage;
use store::{ListFilter, NewExport, ReadNote, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, file, new_export, target};

async fn setup() -> (Database, Store, TenantId) {
    let database = Database::create(&[("budget", "50")]).await.unwrap();
    database.run("create extension pg_stat_statements").await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

/// Returns the pages that statements of this form have touched since the last call.
async fn pages(database: &Database, like: &str) -> i64 {
    let here = "dbid = (select oid from pg_database where datname = current_database())";
    let sum = format!(
        "select coalesce(sum(shared_blks_hit + shared_blks_read), 0)::bigint from pg_stat_statements where {here} and query like '%{like}%'"
    );
    let found = database.number(&sum).await.unwrap();
    database.reset_statements().await.unwrap();
    found
}

/// Returns the pages that statements of this form touch while `look` runs: the minimum of three runs, because a new
/// session of the pool reads the server's catalogs as well.
async fn fewest(database: &Database, like: &str, look: impl AsyncFn()) -> i64 {
    let mut found = Vec::new();
    for _ in 0..3 {
        pages(database, "").await;
        look().await;
        found.push(pages(database, like).await);
    }
    found.into_iter().min().unwrap_or_default()
}

/// Runs an export to its end, with chunks read before their rows were settled.
async fn export_unsettled(store: &Store, new: &NewExport) {
    store.accept(new).await.unwrap();
    loop {
        let chunks = store.dispatch().await.unwrap();
        if chunks.is_empty() {
            break;
        }
        for chunk in chunks {
            let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
            let note = ReadNote { as_of_micros: 0, horizon_micros: None, proof: None };
            assert_ne!(store.note_read(&attempt, &note).await.unwrap(), store::Noted::Fenced);
            store.record(chunk, &file(1, 5), &Usage::default()).await.unwrap().unwrap();
        }
    }
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
}

#[tokio::test]
async fn accepting_reads_no_chunk_that_cannot_be_reused() {
    let (database, store, acme) = setup().await;
    let new = || new_export(&acme, vec![target(&acme, "orders", 0, 100, 10)]);
    let mut found = Vec::new();
    for exports in [5, 50] {
        for _ in 0..exports {
            export_unsettled(&store, &new()).await;
        }
        database.run("vacuum analyze sluice.chunk, sluice.link, sluice.export").await.unwrap();
        let last = new();
        store.accept(&last).await.unwrap();
        // Its chunks exist already, and this plan matches them.
        let look = async || {
            drop(store.plan(&acme, &last.targets, Consistency::File, last.reuse, last.limits).await.unwrap())
        };
        found.push(fewest(&database, "sluice.candidates(", look).await);
        store.cancel_or_delete(&acme, last.id).await.unwrap();
    }
    println!("pages of a look with 50 and 550 chunks that cannot be reused: {found:?}");
    assert!(found[0] > 0 && found[1] <= found[0] + 20, "{found:?}");
}

#[tokio::test]
async fn listing_ended_exports_does_not_count_their_chunks() {
    let (database, store, acme) = setup().await;
    let mut found = Vec::new();
    for (dataset, chunks) in [("small", 2), ("large", 200)] {
        let export = new_export(&acme, vec![target(&acme, dataset, 0, 400, chunks)]);
        export_unsettled(&store, &export).await;
        let look = async || {
            let page = store.exports(&acme, &ListFilter::default(), None, 1, 1 << 20).await.unwrap();
            let progress = &page.exports[0].progress;
            assert_eq!((page.exports[0].id, progress.chunks_done), (export.id, progress.chunks_total));
            assert!(progress.chunks_total >= chunks);
        };
        found.push(fewest(&database, "row_number() over newest", look).await);
    }
    println!("pages of a list of exports with 2 and 200 chunks: {found:?}");
    assert!(found[0] > 0 && found[1] <= found[0] + 10, "{found:?}");
}

#[tokio::test]
async fn listing_by_label_reads_no_other_exports_and_by_dataset_no_heads() {
    let (database, store, acme) = setup().await;
    let named = |dataset: &str, label: &str| {
        let mut target = target(&acme, dataset, 0, 400, 1);
        // Heads that are stored apart, as those of many datasets with many columns.
        target.selection.columns = (0..400)
            .map(|n| {
                Column::native(
                    format!("{}{n}", ports::random::bytes::<8>().map(|b| b.to_string()).concat()),
                    25,
                    ColumnType::Text,
                )
            })
            .collect();
        let request = serde_json::json!({ "label": label });
        NewExport { request, ..new_export(&acme, vec![target]) }
    };
    store.accept(&named("orders", "wanted")).await.unwrap();
    let (mut by_label, mut by_dataset) = (Vec::new(), Vec::new());
    for exports in [20, 180] {
        for _ in 0..exports {
            store.accept(&named("others", "other")).await.unwrap();
        }
        database.run("vacuum analyze sluice.export").await.unwrap();
        let label = ListFilter { label: Some("wanted".into()), ..ListFilter::default() };
        let dataset = ListFilter { dataset: Some("Orders".into()), ..ListFilter::default() };
        for (filter, found) in [(label, &mut by_label), (dataset, &mut by_dataset)] {
            let look = async || {
                let page = store.exports(&acme, &filter, None, 20, 1 << 20).await.unwrap();
                assert_eq!((page.exports.len(), page.more), (1, false));
            };
            found.push(fewest(&database, "row_number() over newest", look).await);
        }
    }
    println!(
        "pages of a list with 20 and 200 other exports, by label {by_label:?}, by dataset {by_dataset:?}"
    );
    assert!(by_label[0] > 0 && by_label[1] <= by_label[0] + 10, "{by_label:?}");
    // About one page for each export that is passed over, and not the four of its heads.
    assert!(by_dataset[1] <= by_dataset[0] + 300, "{by_dataset:?}");
}

#[tokio::test]
async fn sweep_does_not_scan_kept_chunks() {
    let (database, store, acme) = setup().await;
    let export = new_export(&acme, vec![target(&acme, "orders", 0, 400, 200)]);
    export_unsettled(&store, &export).await;
    database
        .run("update sluice.chunk set reusable = true, keep_until = now() - interval '1 hour'")
        .await
        .unwrap();
    let mut found = Vec::new();
    while store.release_unused(100).await.unwrap() > 0 {}
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'done'").await.unwrap(), 200);
    database.run("vacuum analyze sluice.chunk, sluice.link").await.unwrap();
    let look = async || assert_eq!(store.release_unused(100).await.unwrap(), 0, "an export still has them");
    found.push(fewest(&database, "order by k.keep_until limit", look).await);
    println!("pages of a sweep with 200 chunks that are kept: {found:?}");
    assert!((1..60).contains(&found[0]), "{found:?}");
    database.run("update sluice.export set expires_at = now() - interval '1 second'").await.unwrap();
    assert!(store.expire(export.id).await.unwrap());
    assert_eq!(
        database.number("select count(*) from sluice.chunk where state = 'dying'").await.unwrap(),
        200
    );
}

#[tokio::test]
async fn chunks_are_released_after_retention_or_when_failed_and_unused() {
    let (database, store, acme) = setup().await;
    let export = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    export_unsettled(&store, &export).await;
    database
        .run("update sluice.chunk set reusable = true, keep_until = now() + interval '1 hour'")
        .await
        .unwrap();
    database.run("update sluice.export set expires_at = now() - interval '1 second'").await.unwrap();
    assert!(store.expire(export.id).await.unwrap());
    let dying = "select count(*) from sluice.chunk where state = 'dying'";
    assert_eq!(store.release_unused(100).await.unwrap(), 0);
    assert_eq!(database.number(dying).await.unwrap(), 0, "they are kept for reuse");
    database.run("update sluice.chunk set keep_until = now() - interval '1 second' where id in (select id from sluice.chunk order by id limit 2)").await.unwrap();
    database.run("update sluice.chunk set state = 'failed', keep_until = null where id in (select id from sluice.chunk where keep_until > now() order by id limit 1)").await.unwrap();
    assert_eq!(store.release_unused(100).await.unwrap(), 3);
    assert_eq!(database.number(dying).await.unwrap(), 3);
    assert_eq!(store.release_unused(100).await.unwrap(), 0);
}

#[tokio::test]
async fn forecast_reads_no_filter_per_waiting_chunk() {
    let (database, store, acme) = setup().await;
    let mut found = Vec::new();
    for (dataset, chunks) in [("small", 10), ("large", 300)] {
        let mut wanted = target(&acme, dataset, 0, 400, chunks);
        // Filter values so large that the server stores them outside of the row.
        let values: Vec<_> =
            (0..20_000u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_string()).collect();
        wanted.selection.predicates = vec![export::selection::Predicate {
            column: "a".into(),
            test: export::selection::Test::AnyOf(values),
            by: None,
        }];
        wanted.fingerprint = wanted.selection.fingerprint(&acme, "test");
        let export = new_export(&acme, vec![wanted]);
        store.accept(&export).await.unwrap();
        database.run("vacuum analyze sluice.chunk, sluice.link, sluice.selection").await.unwrap();
        let output = export::format::Output::default();
        let look = async || drop(store.forecast_inputs(&acme, &output, &export.targets, None).await.unwrap());
        found.push(fewest(&database, "waiting_chunks", look).await);
        store.cancel_or_delete(&acme, export.id).await.unwrap();
    }
    println!("pages of a forecast with 10 and 300 chunks that wait: {found:?}");
    assert!(found[0] > 0 && found[1] <= found[0] + 60, "{found:?}");
}
