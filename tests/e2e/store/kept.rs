//! Limits of a tenant: a number of exports, and bytes of their requests, live or ended.

use export::id::TenantId;
use serde_json::json;
use store::{AcceptError, Ended, Idempotency, Kept, ListFilter, NewExport, Store};

use crate::fixture::{add_tenant, new_export, store_of_acme, target, work};

fn small(tenant: &TenantId, i: usize) -> NewExport {
    new_export(tenant, vec![target(tenant, &format!("small_{i}"), 0, 10, 1)])
}

#[tokio::test]
async fn kept_exports_are_limited_and_deleting_makes_room() {
    let (database, store, acme) = store_of_acme(&[("max_kept_exports", "3")]).await;
    let mut first = small(&acme, 0);
    first.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [1; 32], sent_sha256: [1; 32] });
    let exports = [first.clone(), small(&acme, 1), small(&acme, 2)];
    for new in &exports {
        store.accept(new).await.unwrap();
    }
    // Canceled ones count, because their rows are kept.
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
async fn kept_request_bytes_are_limited() {
    let (database, store, acme) = store_of_acme(&[("max_kept_request_megabytes", "2")]).await;
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
async fn canceled_export_without_files_is_removed_after_a_day() {
    let (database, store, acme) = store_of_acme(&[]).await;
    let (without, with) = (small(&acme, 0), new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]));
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
async fn export_pages_are_bounded_by_bytes_and_list_all() {
    let (_database, store, acme) = store_of_acme(&[]).await;
    for i in 0..7 {
        let request = json!({"filters": "x".repeat(if i == 3 { 5_000 } else { 1_000 })});
        store.accept(&NewExport { request, ..small(&acme, i) }).await.unwrap();
    }
    let all = store.exports(&acme, &ListFilter::default(), None, 100, 1 << 20).await.unwrap();
    assert_eq!((all.exports.len(), all.more), (7, false));
    let (mut seen, mut before, mut sizes) = (Vec::new(), None, Vec::new());
    loop {
        let page = store.exports(&acme, &ListFilter::default(), before, 3, 4_000).await.unwrap();
        sizes.push(page.exports.len());
        seen.extend(page.exports.iter().map(|e| e.id));
        before = page.exports.last().map(|e| (e.accepted_micros, e.id));
        if !page.more {
            break;
        }
    }
    assert_eq!(seen, all.exports.iter().map(|e| e.id).collect::<Vec<_>>());
    assert!(sizes.iter().all(|n| (1..=3).contains(n)) && sizes.contains(&1), "{sizes:?}");
    assert!(store.exports(&acme, &ListFilter::default(), before, 3, 4_000).await.unwrap().exports.is_empty());
}

#[tokio::test]
async fn export_page_filters_by_dataset_before_counting() {
    let (_database, store, acme) = store_of_acme(&[]).await;
    let mut seen = Vec::new();
    for i in 0..6 {
        let name = if i % 2 == 0 { "orders" } else { "clients" };
        let new = new_export(&acme, vec![target(&acme, name, i * 100, i * 100 + 100, 1)]);
        store.accept(&new).await.unwrap();
        if name == "orders" {
            seen.insert(0, new.id);
        }
    }
    let within = ["orders".to_owned()];
    let page = store
        .exports(
            &acme,
            &ListFilter { within: Some(within.to_vec()), ..ListFilter::default() },
            None,
            3,
            1 << 20,
        )
        .await
        .unwrap();
    assert_eq!(page.exports.iter().map(|e| e.id).collect::<Vec<_>>(), seen);
    assert!(!page.more, "what is left out is on no further page");
    assert!(
        store
            .exports(
                &acme,
                &ListFilter { within: Some(within.to_vec()), ..ListFilter::default() },
                None,
                2,
                1 << 20
            )
            .await
            .unwrap()
            .more
    );
}

#[tokio::test]
async fn kept_chunks_are_limited_even_if_all_reused() {
    let (database, store, acme) = store_of_acme(&[("max_kept_chunks", "12")]).await;
    let new = || new_export(&acme, vec![target(&acme, "orders", 0, 100, 5)]);
    let first = new();
    store.accept(&first).await.unwrap();
    crate::fixture::drain(&store).await;
    store.mark_succeeded(first.id, "key", 0).await.unwrap();
    for _ in 0..2 {
        assert!(store.accept(&new()).await.unwrap().complete);
    }
    let refused = store.accept(&new()).await.unwrap_err();
    assert!(matches!(refused, AcceptError::Kept(Kept::Chunks(12))), "{refused:?}");
    let counted = "select links from sluice.tenant_kept where tenant = 'acme'";
    assert_eq!(
        database.number(counted).await.unwrap(),
        database.number("select count(*) from sluice.link").await.unwrap()
    );
    assert_eq!(store.cancel_or_delete(&acme, first.id).await.unwrap(), Ended::Deleted);
    store.accept(&new()).await.unwrap();
}

#[tokio::test]
async fn chunks_per_minute_are_limited_per_tenant() {
    let (database, store, acme) = store_of_acme(&[("max_chunks_per_minute", "60")]).await;
    let large = |i: usize| new_export(&acme, vec![target(&acme, &format!("large_{i}"), 0, 1000, 100)]);
    let first = NewExport {
        idempotency: Some(Idempotency { key: "k".into(), body_sha256: [1; 32], sent_sha256: [1; 32] }),
        ..large(0)
    };
    store.accept(&first).await.unwrap();
    let chunks = u64::try_from(database.number("select count(*) from sluice.chunk").await.unwrap()).unwrap();
    assert!(chunks > 60, "{chunks} chunks: a single request may exceed the limit");
    let unpaid = match store.accept(&large(1)).await.unwrap_err() {
        AcceptError::Unpaid(unpaid) => unpaid,
        other => panic!("{other:?}"),
    };
    let wait = unpaid.wait.as_secs();
    assert!(
        unpaid.per_minute == 60 && wait <= chunks - 60 && wait + 20 > chunks - 60,
        "{unpaid:?}, {chunks}"
    );
    assert!(store.accept(&NewExport { id: large(0).id, ..first }).await.unwrap().replayed);
    let other = add_tenant(&store, "other").await;
    store.accept(&small(&other, 3)).await.unwrap();

    // Half a second more than a minute ahead: the request waits that long instead of failing.
    let ahead = "update sluice.tenant_kept set paid_until = clock_timestamp() + interval '60.5 s' where tenant = 'acme'";
    database.run(ahead).await.unwrap();
    store.accept(&large(2)).await.unwrap();
}

#[tokio::test]
async fn deleted_exports_count_until_their_files_are_removed() {
    let (database, store, acme) = store_of_acme(&[("max_kept_exports", "3")]).await;
    let new = || new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    for i in 0..3 {
        let export = new();
        assert_eq!(store.accept(&export).await.unwrap().complete, i > 0);
        crate::fixture::drain(&store).await;
        store.mark_succeeded(export.id, "key", 0).await.unwrap();
        assert_eq!(store.cancel_or_delete(&acme, export.id).await.unwrap(), Ended::Deleted);
    }
    let refused = store.accept(&new()).await.unwrap_err();
    assert!(matches!(refused, AcceptError::Kept(Kept::Exports(3))), "{refused:?}");
    for orphan in store.due_orphans(10).await.unwrap() {
        store.swept(&orphan).await.unwrap();
    }
    assert!(store.accept(&new()).await.is_err(), "it is swept once more a day later");
    database.run("update sluice.litter set sweep_at = now()").await.unwrap();
    for orphan in store.due_orphans(10).await.unwrap() {
        store.swept(&orphan).await.unwrap();
    }
    store.accept(&new()).await.unwrap();
}

#[tokio::test]
async fn live_export_pages_are_bounded_by_counted_chunks() {
    let (database, store, acme) = store_of_acme(&[]).await;
    for i in 0..4 {
        store.accept(&small(&acme, i)).await.unwrap();
    }
    database.run("update sluice.export set links = 9000").await.unwrap();
    let page = store.exports(&acme, &ListFilter::default(), None, 100, 1 << 20).await.unwrap();
    assert_eq!((page.exports.len(), page.more), (2, true));
    database.run("update sluice.export set links = 90000").await.unwrap();
    assert_eq!(
        store.exports(&acme, &ListFilter::default(), None, 100, 1 << 20).await.unwrap().exports.len(),
        1
    );
}

#[tokio::test]
async fn removals_of_one_tenant_do_not_delay_another() {
    let (database, store, acme) = store_of_acme(&[]).await;
    let other = add_tenant(&store, "other").await;
    let orphan = "insert into sluice.litter (prefix, sweep_at) \
                  select 't/acme/x/' || i, now() - interval '1 hour' from generate_series(1, 1000) i; \
                  insert into sluice.litter (prefix, sweep_at) values ('t/other/x/1', now())";
    database.run(orphan).await.unwrap();
    let due = store.due_orphans(10).await.unwrap();
    assert_eq!(due.len(), 10);
    assert!(due.iter().any(|one| one.prefix == "t/other/x/1"), "{due:?}");
    for (tenant, chunks) in [(&acme, 40), (&other, 1)] {
        store.accept(&new_export(tenant, vec![target(tenant, "orders", 0, 100, chunks)])).await.unwrap();
    }
    let dying = "update sluice.chunk set state = 'dying', ended_at = case tenant when 'acme' then now() - interval '1 hour' else now() end";
    database.run(dying).await.unwrap();
    let deleting = store.deleting_chunks(10).await.unwrap();
    assert_eq!((deleting.len(), deleting.iter().filter(|one| one.tenant == other).count()), (10, 1));
}

#[tokio::test]
async fn sharing_export_does_not_inherit_chunk_failures() {
    let (database, store, acme) = store_of_acme(&[]).await;
    let new = || new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new()).await.unwrap();
    database.run("update sluice.chunk set failures = 7, breaks = 7").await.unwrap();
    store.accept(&new()).await.unwrap();
    assert_eq!(database.number("select sum(failures + breaks) from sluice.chunk").await.unwrap(), 0);
}

#[tokio::test]
async fn forecast_counts_only_datasets_in_scope() {
    let (_database, store, acme) = store_of_acme(&[]).await;
    store.accept(&new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)])).await.unwrap();
    store.accept(&new_export(&acme, vec![target(&acme, "payroll", 0, 100, 3)])).await.unwrap();
    let output = export::format::Output::default();
    for (within, chunks) in [(None, 7), (Some(["orders".to_owned()]), 4), (Some(["brands".to_owned()]), 0)] {
        let targets = [target(&acme, "orders", 0, 100, 4)];
        let within = within.as_ref().map(|one| &one[..]);
        assert_eq!(store.forecast_inputs(&acme, &output, &targets, within).await.unwrap().own.chunks, chunks);
    }
}

#[tokio::test]
async fn read_only_store_is_reported_as_busy() {
    let (database, store, acme) = store_of_acme(&[]).await;
    store.accept(&small(&acme, 0)).await.unwrap();
    let name = database.text("select current_database()::text").await.unwrap();
    database.run(&format!("alter database \"{name}\" set default_transaction_read_only = on")).await.unwrap();
    let demoted = Store::new(&database.url).unwrap();
    let refused = demoted.dispatch().await.unwrap_err();
    assert!(matches!(refused, store::StoreError::Busy(_)), "{refused:?}");
}
