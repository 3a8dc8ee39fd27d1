//! Many levels of splits: whatever the size of a page or of a dispatch step, nothing is missing or repeated.

use std::collections::BTreeSet;

use export::id::{ChunkId, ExportId, TenantId};
use export::layout::Hive;
use export::plan::Target;
use export::range::{DAY_MICROS, RangeKind, Span};
use export::usage::Usage;
use store::{Finish, NewExport, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, new_export, target};

/// Returns half a year of microseconds in one chunk.
fn micros(tenant: &TenantId) -> Target {
    let mut target = target(tenant, "orders", 0, 190, 1);
    if let Some(column) = &mut target.selection.range_column {
        column.kind = RangeKind::Instant;
    }
    target.fingerprint = target.selection.fingerprint(tenant, "test");
    Target { span: Span::new(RangeKind::Instant, 0, 190 * DAY_MICROS), ..target }
}

/// Creates an export of one chunk, with the given number of ordinals available.
async fn setup(room: i64) -> (Database, Store, TenantId, NewExport) {
    let database = Database::create(&[("budget", "1000")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![micros(&acme)]);
    store.accept(&new).await.unwrap();
    database.run(&format!("update sluice.link set room = {room}")).await.unwrap();
    (database, store, acme, new)
}

/// Splits the chunk that contains `lump` the given number of times, into `children` children each.
async fn split(database: &Database, store: &Store, lump: i64, levels: usize, children: u32) {
    for _ in 0..levels {
        let find = format!("state = 'due' and range_start <= {lump} and range_end > {lump}");
        database
            .run(&format!("update sluice.chunk set state = 'sent', sent_at = clock_timestamp() where {find}"))
            .await
            .unwrap();
        let id = "select id::text from sluice.chunk where state = 'sent'";
        let chunk: ChunkId = database.text(id).await.unwrap().parse().unwrap();
        let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
        let ranges = attempt.range.split(children);
        assert!(store.split(chunk, attempt.number, &ranges, 10, None, &Usage::default()).await.unwrap());
    }
}

/// Returns all chunks of the export, read in pages of this size.
async fn pages(store: &Store, tenant: &TenantId, export: ExportId, size: usize) -> Vec<ChunkId> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.chunk_page(tenant, export, after, size as i64).await.unwrap().unwrap().chunks;
        after = page.last().map(|chunk| (chunk.ordinal, chunk.id));
        all.extend(page.iter().map(|chunk| chunk.id));
        if page.len() < size {
            return all;
        }
    }
}

#[tokio::test]
async fn page_after_a_split_parent_continues_with_all_children() {
    for _ in 0..8 {
        let (database, store, acme, new) = setup(1 << 30).await;
        let before = store.chunk_page(&acme, new.id, None, 1).await.unwrap().unwrap().chunks;
        let cursor = (before[0].ordinal, before[0].id);
        split(&database, &store, 185 * DAY_MICROS, 1, 5).await;
        let page = store.chunk_page(&acme, new.id, Some(cursor), 100).await.unwrap().unwrap().chunks;
        assert_eq!(page.len(), 5);
    }
}

#[tokio::test]
async fn each_chunk_of_deep_splits_is_listed_once() {
    let (database, store, acme, new) = setup(1 << 30).await;
    split(&database, &store, 185 * DAY_MICROS, 16, 5).await;
    let links = database.number("select count(*) from sluice.link").await.unwrap();
    assert_eq!(links, 1 + 16 * 4);
    let ordinals = database.number("select count(distinct ordinal) from sluice.link").await.unwrap();
    assert!(ordinals < links, "no two have the same place: this test shows nothing");
    let all = pages(&store, &acme, new.id, 1000).await;
    assert_eq!((all.len() as i64, all.iter().collect::<BTreeSet<_>>().len() as i64), (links, links));
    for size in 1..=300 {
        assert_eq!(pages(&store, &acme, new.id, size).await, all, "pages of {size}");
    }
    assert_eq!(database.number("select max(depth)::bigint from sluice.chunk").await.unwrap(), 16);
    drain(&store).await;
    let Finish::AllDone(finished) = store.finish(new.id).await.unwrap() else { panic!("all is done") };
    let (head, chunks) = (finished.heads[0].clone(), finished.chunks);
    export::manifest::ManifestDataset::assemble(head, &acme, chunks).expect("the chunks tile the range");
    assert_eq!(store.violations().await.unwrap(), []);
}

#[tokio::test]
async fn children_are_named_in_the_layout_of_each_export() {
    let (database, store, acme, _) = setup(1 << 30).await;
    for hive in [Hive::Whole, Hive::Day, Hive::Year] {
        let target = Target { hive: Some(hive), ..micros(&acme) };
        let new = new_export(&acme, vec![target]);
        store.accept(&new).await.unwrap();
        let names = format!("select name from sluice.link where export_id = '{}'", new.id);
        // A chunk of several partitions is not shared: 190 days lie in one year.
        let is_shared = hive != Hive::Day;
        let reused = format!("select bool_and(reused)::text from sluice.link where export_id = '{}'", new.id);
        assert_eq!(database.text(&reused).await.unwrap(), is_shared.to_string(), "{hive:?}");
        if !is_shared {
            store.cancel_or_delete(&acme, new.id).await.unwrap();
            continue;
        }
        let name = database.text(&names).await.unwrap();
        assert!(name.starts_with("orders/") && name.contains("year=1970") == (hive == Hive::Year), "{name}");
    }
    split(&database, &store, 185 * DAY_MICROS, 1, 2).await;
    let names = "select string_agg(name, ' ' order by coalesce(hive, ''), name) from sluice.link";
    assert_eq!(
        database.text(names).await.unwrap(),
        "orders.19700101-19700406.csv.gz orders.19700406-19700710.csv.gz \
         orders/part-19700101-19700406.csv.gz orders/part-19700406-19700710.csv.gz \
         orders/year=1970/part-19700101-19700406.csv.gz orders/year=1970/part-19700406-19700710.csv.gz"
    );
    assert_eq!(store.violations().await.unwrap(), []);
}

/// `next_due` reads a hundred links at a time. Equal ordinals cross that boundary.
#[tokio::test]
async fn dispatch_skips_no_chunk_of_deep_splits() {
    let (database, store, _, _) = setup(1).await;
    split(&database, &store, 185 * DAY_MICROS, 10, 16).await;
    let due = "select count(*) from sluice.chunk where state = 'due'";
    let all = database.number(due).await.unwrap();
    assert!(all > 140, "{all}");
    // The first ones in the order wait for something.
    database
        .run("update sluice.chunk set due_at = 'infinity' where id in (select chunk_id from sluice.link order by ordinal, chunk_id limit 130)")
        .await
        .unwrap();
    assert_eq!(store.dispatch().await.unwrap().len() as i64, all - 130);
    assert_eq!(database.number(due).await.unwrap(), 130);
}
