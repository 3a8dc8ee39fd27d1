//! Invalidation: data read before is no longer returned, and live exports read it again.

use export::id::{ExportId, TenantId};
use export::range::Days;
use export::state::ExportStatus;
use export::usage::Usage;
use ports::objects::MemoryObjects;
use store::{Finish, Invalidation, NewExport, Store};
use tests::Database;

use crate::fixture::{
    LEASE_SECS, TARGET, add_tenant, drain, file, new_export, note, retry_terms, target, work,
};

async fn store() -> (Database, Store, TenantId) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

/// Returns days 0 to 99 of `orders` in four chunks.
fn orders(tenant: &TenantId) -> NewExport {
    new_export(tenant, vec![target(tenant, "orders", 0, 100, 4)])
}

fn all(dataset: &str) -> Invalidation {
    Invalidation { dataset: dataset.into(), tenant: None, days: Days::default() }
}

async fn finish(store: &Store, id: ExportId) {
    store::finish::run(store, &MemoryObjects::default(), id).await.unwrap();
}

#[tokio::test]
async fn ended_export_lists_invalidated_chunks_and_retry_reads_only_them() {
    let (database, store, acme) = store().await;
    let new = orders(&acme);
    store.accept(&new).await.unwrap();
    drain(&store).await;
    finish(&store, new.id).await;
    let before = store.export(&acme, new.id).await.unwrap().unwrap();
    let files = store.chunk_page(&acme, new.id, None, 10).await.unwrap().unwrap().chunks;

    // 1970-01-01 to 1970-01-10: the first chunk only.
    let days = Days::read(Some("1970-01-01"), Some("1970-01-10")).unwrap();
    let done = store.invalidate(&Invalidation { days, ..all("orders") }).await.unwrap();
    assert_eq!((done.chunks, done.files, done.lost.len(), done.reread.len()), (1, 1, 1, 0));
    assert_eq!(store.invalidate(&Invalidation { days, ..all("orders") }).await.unwrap().chunks, 0);

    let after = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((before.status, after.status), (ExportStatus::Succeeded, ExportStatus::Failed));
    assert!(
        before.manifest_key.is_some() && after.manifest_key.is_none(),
        "a manifest is complete or absent"
    );
    assert_eq!((after.errors.len(), after.errors[0].failure.code.as_str()), (1, "invalidated"));
    let progress = &after.progress;
    assert_eq!((progress.chunks_done, progress.chunks_failed, progress.chunks_total), (3, 1, 4));
    assert!(store.file(&acme, new.id, &files[0].name).await.unwrap().is_none());
    let why = store.invalidated_file(&acme, new.id, &files[0].name).await.unwrap().unwrap();
    assert!(why.contains("retry the export"), "{why}");
    assert!(store.invalidated_file(&acme, new.id, &files[1].name).await.unwrap().is_none());
    assert!(store.file(&acme, new.id, &files[1].name).await.unwrap().is_some());
    assert_eq!(store.deleting_chunks(10).await.unwrap().len(), 1, "its file goes at the next sweep");

    let limits = store::PlanLimits { target_bytes: TARGET, max_chunks: 1000 };
    store.retry(&acme, new.id, &new.targets, "r", &retry_terms(limits)).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 1);
    drain(&store).await;
    finish(&store, new.id).await;
    let again = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((again.status, again.errors.len()), (ExportStatus::Succeeded, 0));
}

#[tokio::test]
async fn invalidation_spares_other_datasets_and_tenants() {
    let (database, store, acme) = store().await;
    let other = add_tenant(&store, "other").await;
    for tenant in [&acme, &other] {
        for dataset in ["orders", "clients"] {
            store.accept(&new_export(tenant, vec![target(tenant, dataset, 0, 100, 4)])).await.unwrap();
        }
    }
    drain(&store).await;
    let only = Invalidation { tenant: Some(acme.clone()), ..all("orders") };
    assert_eq!(store.invalidate(&only).await.unwrap().chunks, 4);
    assert!(!store.accept(&orders(&acme)).await.unwrap().complete);
    assert!(store.accept(&orders(&other)).await.unwrap().complete);
    let clients = new_export(&acme, vec![target(&acme, "clients", 0, 100, 4)]);
    assert!(store.accept(&clients).await.unwrap().complete);
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 4);
}

#[tokio::test]
async fn live_export_rereads_invalidated_done_and_running_chunks() {
    let (_database, store, acme) = store().await;
    let new = orders(&acme);
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    work(&store, sent[0]).await;
    let running = store.lease(sent[1], LEASE_SECS).await.unwrap().unwrap();
    assert!(note(&store, &running).await);

    let done = store.invalidate(&all("orders")).await.unwrap();
    assert_eq!((done.chunks, done.files, done.lost.len(), done.reread.len()), (2, 1, 0, 1));
    // A running attempt may have seen the old rows.
    assert!(!store.renew(sent[1], running.number, LEASE_SECS).await.unwrap());
    assert!(store.record(sent[1], &file(running.number, 5), &Usage::default()).await.unwrap().is_none());
    let orphans = store.due_orphans(10).await.unwrap();
    assert_eq!(orphans.len(), 2, "{orphans:?}");

    drain(&store).await;
    // The two that were sent but not leased remain sent.
    for chunk in &sent[2..] {
        work(&store, *chunk).await;
    }
    drain(&store).await;
    finish(&store, new.id).await;
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!(state.status, ExportStatus::Succeeded);
    let chunks = store.chunk_page(&acme, new.id, None, 10).await.unwrap().unwrap().chunks;
    let mut attempts: Vec<_> = chunks.iter().map(|c| c.attempt).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 1, 2, 2]);
}

#[tokio::test]
async fn manifest_from_before_invalidation_is_not_published() {
    let (_database, store, acme) = store().await;
    let new = orders(&acme);
    store.accept(&new).await.unwrap();
    drain(&store).await;
    let Finish::AllDone(old) = store.finish(new.id).await.unwrap() else { panic!("all is done") };
    store.invalidate(&all("orders")).await.unwrap();
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::NotYet));
    drain(&store).await;
    // All chunks are done again, but with other files.
    assert!(!store.mark_succeeded(new.id, "old", old.edition).await.unwrap());
    let Finish::AllDone(finished) = store.finish(new.id).await.unwrap() else { panic!("all is done") };
    assert!(store.mark_succeeded(new.id, "new", finished.edition).await.unwrap());
}

#[tokio::test]
async fn invalidation_updates_counts_of_canceled_exports() {
    let (_database, store, acme) = store().await;
    let new = orders(&acme);
    store.accept(&new).await.unwrap();
    work(&store, store.dispatch().await.unwrap()[0]).await;
    store.cancel_or_delete(&acme, new.id).await.unwrap();
    assert_eq!(store.invalidate(&all("orders")).await.unwrap().lost.len(), 1);
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((state.status, state.progress.chunks_done), (ExportStatus::Canceled, 0));
    assert_eq!((state.progress.rows, state.progress.chunks_failed, state.errors.len()), (0, 1, 1));
}
