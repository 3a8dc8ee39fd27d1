//! Every export ends: canceled, past its deadline, failed and retried, expired, deleted.

use std::sync::Arc;

use export::failure::{Failure, FailureCode};
use export::state::ExportStatus;
use export::usage::Usage;
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use source::Source;
use store::{Ended, Finish, ListFilter, Noted, RetryError, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, TARGET, add_tenant, drain, new_export, note, retry_terms, target, work};

pub(super) async fn store() -> (Database, Store) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

/// Sets the deadline of all live exports in the past.
const PASS: &str = "update sluice.export set deadline_at = now() - interval '1 second'";

const LIMITS: store::PlanLimits = store::PlanLimits { target_bytes: TARGET, max_chunks: 1000 };

/// Returns the context of a sweeper for this store, with a bucket and a queue in memory.
fn sweeper_of(store: Store, database: &Database) -> sweeper::Context {
    sweeper::Context {
        store,
        queue: Arc::new(MemoryQueue::default()),
        deliveries: None,
        bus: None,
        objects: Arc::new(MemoryObjects::default()),
        source: Source::new(&database.url).unwrap(),
        estimates_secs: u32::MAX,
        run_terms: Default::default(),
    }
}

#[tokio::test]
async fn deadline_lists_missing_chunks_and_retry_reads_only_them() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let targets = vec![target(&acme, "orders", 0, 100, 4)];
    let new = new_export(&acme, targets.clone());
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    work(&store, sent[0]).await;
    database.run(PASS).await.unwrap();
    assert_eq!(store.past_deadline(10).await.unwrap(), [new.id]);
    assert!(store.end_at_deadline(new.id).await.unwrap());
    assert!(!store.end_at_deadline(new.id).await.unwrap(), "nothing ends twice");
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!(
        (state.status, state.errors.len(), state.progress.chunks_done, state.progress.chunks_total),
        (ExportStatus::Failed, 3, 1, 4)
    );
    assert_eq!(state.errors[0].failure.code, FailureCode::Deadline);

    store.retry(&acme, new.id, &targets, "r2", &retry_terms(LIMITS)).await.unwrap();
    assert!(matches!(
        store.retry(&acme, new.id, &targets, "r2", &retry_terms(LIMITS)).await,
        Err(RetryError::NotFailed(_))
    ));
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'due'").await.unwrap(), 3);
    drain(&store).await;
    let Finish::AllDone(finished) = store.finish(new.id).await.unwrap() else { panic!("all is done") };
    let (head, chunks) = (finished.heads[0].clone(), finished.chunks);
    export::manifest::ManifestDataset::assemble(head, &acme, chunks).expect("the chunks tile the range");
}

#[tokio::test]
async fn deadline_applies_without_a_sweep() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let targets = vec![target(&acme, "orders", 0, 100, 4)];
    let exports: Vec<_> = (0..6).map(|_| new_export(&acme, targets.clone())).collect();
    for new in &exports {
        store.accept(new).await.unwrap();
    }
    let chunk = store.dispatch().await.unwrap()[0];
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    database.run(PASS).await.unwrap();
    let [seen, listed, paged, extended, retried, canceled] = [0, 1, 2, 3, 4, 5].map(|i| exports[i].id);

    // Deadlines do not apply while everything is paused.
    store.pause().await.unwrap();
    assert!(store.export(&acme, seen).await.unwrap().unwrap().status.is_live());
    store.resume().await.unwrap();
    database.run(PASS).await.unwrap();

    let state = store.export(&acme, seen).await.unwrap().unwrap();
    assert_eq!(
        (state.status, state.errors.len(), state.progress.chunks_failed),
        (ExportStatus::Failed, 4, 4)
    );
    assert!(state.errors.iter().all(|error| error.failure.code == FailureCode::Deadline));
    let page = store.chunk_page(&acme, paged, None, 10).await.unwrap().unwrap();
    assert_eq!((page.status, page.chunks.len()), (ExportStatus::Failed, 0));
    assert!(store.extend(&acme, extended).await.unwrap());
    store.retry(&acme, retried, &targets, "r2", &retry_terms(LIMITS)).await.unwrap();
    assert_eq!(store.cancel_or_delete(&acme, canceled).await.unwrap(), Ended::Deleted);
    let failures = ListFilter::of_status(ExportStatus::Failed);
    let failed = store.exports(&acme, &failures, None, 10, 1 << 20).await.unwrap().exports;
    let failed: Vec<_> = failed.iter().map(|export| export.id).collect();
    assert_eq!(failed.len(), 4);
    assert!([seen, listed, paged, extended].iter().all(|id| failed.contains(id)));
    assert!(!store.renew(chunk, attempt.number, LEASE_SECS).await.unwrap(), "no export wants it any more");
    assert_eq!(
        database.number("select count(*) from sluice.export where status = 'failed'").await.unwrap(),
        4
    );
}

#[tokio::test]
async fn expiry_counts_from_the_end_and_can_be_extended() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new).await.unwrap();
    assert_eq!(store.export(&acme, new.id).await.unwrap().unwrap().expires_micros, None);
    work(&store, store.dispatch().await.unwrap()[0]).await;
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
    database.run("update sluice.export set accepted_at = accepted_at - interval '20 hours'").await.unwrap();
    let hours = "select round(extract(epoch from expires_at - ended_at) / 3600)::bigint from sluice.export";
    assert_eq!(database.number(hours).await.unwrap(), 168);
    database.run("update sluice.export set ended_at = ended_at - interval '100 hours', expires_at = expires_at - interval '100 hours'").await.unwrap();
    assert!(store.extend(&acme, new.id).await.unwrap());
    assert_eq!(database.number(hours).await.unwrap(), 268);
}

#[tokio::test]
async fn failed_chunk_does_not_stop_its_siblings() {
    let (_database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&new).await.unwrap();
    let chunks = store.dispatch().await.unwrap();
    let attempt = store.lease(chunks[0], LEASE_SECS).await.unwrap().unwrap();
    let failure = Failure::new(FailureCode::SchemaChanged, "run catalog apply");
    store.fail(chunks[0], attempt.number, &failure, &Usage::default()).await.unwrap();
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::NotYet), "siblings run on");
    for chunk in &chunks[1..] {
        work(&store, *chunk).await;
    }
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::Failed));
    let state = store.export(&acme, new.id).await.unwrap().unwrap();
    assert_eq!((state.progress.chunks_done, state.progress.chunks_failed), (3, 1));
}

#[tokio::test]
async fn retry_after_a_schema_change_reads_the_whole_dataset() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let targets = vec![target(&acme, "orders", 0, 100, 4)];
    let new = new_export(&acme, targets.clone());
    store.accept(&new).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    work(&store, sent[0]).await;
    database.run(PASS).await.unwrap();
    assert!(store.end_at_deadline(new.id).await.unwrap());
    let mut changed = targets;
    changed[0].selection.epoch = 2;
    changed[0].fingerprint = changed[0].selection.fingerprint(&acme, "test");
    store.retry(&acme, new.id, &changed, "r2", &retry_terms(LIMITS)).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.link where open").await.unwrap(), 4);
    assert_eq!(database.number("select count(*) from sluice.link").await.unwrap(), 4);
}

#[tokio::test]
async fn expiry_keeps_settled_chunks_for_reuse() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new).await.unwrap();
    work(&store, store.dispatch().await.unwrap()[0]).await;
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
    assert!(store.to_expire(10).await.unwrap().is_empty());
    assert!(store.extend(&acme, new.id).await.unwrap());
    database.run("update sluice.export set expires_at = now() - interval '1 second'").await.unwrap();
    assert_eq!(store.to_expire(10).await.unwrap(), [new.id]);
    assert!(store.expire(new.id).await.unwrap());
    assert_eq!(store.export(&acme, new.id).await.unwrap().unwrap().status, ExportStatus::Expired);
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'done'").await.unwrap(), 1);
    // Reused, then its retention ends.
    let again = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    assert!(store.accept(&again).await.unwrap().complete);
    store.mark_succeeded(again.id, "key", 0).await.unwrap();
    assert_eq!(store.cancel_or_delete(&acme, again.id).await.unwrap(), Ended::Deleted);
    database.run("update sluice.chunk set keep_until = now() - interval '1 second'").await.unwrap();
    store.release_unused(10).await.unwrap();
    assert_eq!(store.deleting_chunks(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn chunk_read_before_settling_is_not_kept() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new).await.unwrap();
    let chunk = store.dispatch().await.unwrap()[0];
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    assert!(note(&store, &attempt).await);
    let early = store::ReadNote { as_of_micros: 0, horizon_micros: None, proof: None };
    assert_eq!(store.note_read(&attempt, &early).await.unwrap(), Noted::Reading);
    store.record(chunk, &crate::fixture::file(1, 5), &Usage::default()).await.unwrap();
    store.mark_succeeded(new.id, "key", 0).await.unwrap();
    store.cancel_or_delete(&acme, new.id).await.unwrap();
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'dying'").await.unwrap(), 1);
}

#[tokio::test]
async fn one_sweep_expires_more_than_one_batch() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 4)]);
    store.accept(&new).await.unwrap();
    crate::fixture::work(&store, store.dispatch().await.unwrap()[0]).await;
    assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
    // Two whole batches and a part of one, all of yesterday.
    let others = 2 * sweeper::BATCH + 17;
    let copies = format!(
        "insert into sluice.export (id, tenant, status, request, revision, heads, accepted_at, ended_at, deadline_at, expires_at, progress) \
         select c.id, c.tenant, c.status, c.request, c.revision, c.heads, c.accepted_at, c.ended_at, c.deadline_at, c.expires_at, c.progress \
         from sluice.export e, generate_series(1, {others}) n, \
         lateral jsonb_populate_record(e, jsonb_build_object('id', md5(n::text))) c; \
         update sluice.export set expires_at = now() - interval '1 day'"
    );
    database.run(&copies).await.unwrap();
    let context = sweeper_of(store, &database);
    let report = sweeper::sweep(&context).await;
    let all = usize::try_from(others + 1).unwrap();
    assert_eq!((report.expired, report.failed_steps), (all, 0), "{report:?}");
    // Each leaves a prefix with its manifests.
    assert_eq!(report.orphans_swept, all, "{report:?}");
    let left = "select count(*) from sluice.export where status <> 'expired'";
    assert_eq!(database.number(left).await.unwrap(), 0);
}

#[tokio::test]
async fn export_extended_before_the_sweep_does_not_expire() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new).await.unwrap();
    work(&store, store.dispatch().await.unwrap()[0]).await;
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
    database.run("update sluice.export set expires_at = now() - interval '1 second'").await.unwrap();
    // The sweeper has listed it, but its owner extends it first.
    assert_eq!(store.to_expire(10).await.unwrap(), [new.id]);
    assert!(store.extend(&acme, new.id).await.unwrap());
    assert!(!store.expire(new.id).await.unwrap());
    let page = store.chunk_page(&acme, new.id, None, 10).await.unwrap().unwrap();
    assert_eq!((page.status, page.chunks.len()), (ExportStatus::Succeeded, 1), "its files are still there");
}

#[tokio::test]
async fn retried_or_paused_export_ignores_its_old_deadline() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let targets = vec![target(&acme, "orders", 0, 100, 4)];
    let new = new_export(&acme, targets.clone());
    store.accept(&new).await.unwrap();
    database.run(PASS).await.unwrap();
    assert_eq!(store.past_deadline(10).await.unwrap(), [new.id]);
    store.pause().await.unwrap();
    assert!(!store.end_at_deadline(new.id).await.unwrap(), "its clock stands still");
    store.resume().await.unwrap();
    database.run(PASS).await.unwrap();
    store.retry(&acme, new.id, &targets, "r2", &retry_terms(LIMITS)).await.unwrap();
    assert!(!store.end_at_deadline(new.id).await.unwrap(), "it has a new deadline");
    assert!(store.export(&acme, new.id).await.unwrap().unwrap().status.is_live());
}

#[tokio::test]
async fn export_recorded_before_the_deadline_check_succeeds() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let [new, other] =
        ["orders", "clients"].map(|name| new_export(&acme, vec![target(&acme, name, 0, 100, 1)]));
    store.accept(&new).await.unwrap();
    store.accept(&other).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    database.run(PASS).await.unwrap();
    // The record comes first, the check of the deadline after it.
    for chunk in sent {
        work(&store, chunk).await;
    }
    assert!(!store.end_at_deadline(new.id).await.unwrap(), "nothing is missing");
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::AllDone(_)));
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
    assert_eq!(store.cancel_or_delete(&acme, other.id).await.unwrap(), Ended::Canceled, "it was live");
}

#[tokio::test]
async fn invalidated_chunks_are_counted_once_after_expiry() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 10)]);
    store.accept(&new).await.unwrap();
    drain(&store).await;
    assert!(store.mark_succeeded(new.id, "key", 0).await.unwrap());
    let days = export::range::Days::read(Some("1970-01-01"), Some("1970-02-08")).unwrap();
    let what = store::Invalidation { dataset: "orders".into(), tenant: None, days };
    let chunks = store.invalidate(&what).await.unwrap().chunks;
    let counts = async || {
        let progress = store.export(&acme, new.id).await.unwrap().unwrap().progress;
        (progress.chunks_done, progress.chunks_failed, progress.chunks_total)
    };
    let before = counts().await;
    let all = before.2;
    assert_eq!(
        database
            .number("select (select count(*) from sluice.link) + (select count(*) from sluice.missing)")
            .await
            .unwrap(),
        all as i64
    );
    assert_eq!(before, (all - chunks, chunks, all));
    database.run("update sluice.export set expires_at = now() - interval '1 second'").await.unwrap();
    assert!(store.expire(new.id).await.unwrap());
    assert_eq!(counts().await, before);
}

#[tokio::test]
async fn export_that_cannot_expire_does_not_block_others() {
    let (database, store) = store().await;
    let acme = add_tenant(&store, "acme").await;
    let exports: Vec<_> =
        (0..3).map(|_| new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)])).collect();
    for new in &exports {
        store.accept(new).await.unwrap();
        assert_eq!(store.cancel_or_delete(&acme, new.id).await.unwrap(), Ended::Canceled);
    }
    // The first in the list.
    let broken = exports[0].id;
    database
        .run(&format!(
            "update sluice.export set expires_at = now() - interval '1 day'; \
             update sluice.export set expires_at = now() - interval '2 days' where id = '{broken}'; \
             create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$; \
             create trigger refuse before update on sluice.export for each row when (new.id = '{broken}') execute function refuse()"
        ))
        .await
        .unwrap();
    let context = sweeper_of(store, &database);
    let report = sweeper::sweep(&context).await;
    assert_eq!(report.failed_steps, 1, "{report:?}");
    let expired = "select count(*) from sluice.export where status = 'expired'";
    assert_eq!(database.number(expired).await.unwrap(), 2);
}
