//! Leases, fences, failures and splits.

use export::failure::{Failure, FailureCode, MAX_FAILURES};
use export::range::{Range, RangeKind, Span};
use export::usage::Usage;
use store::{Finish, Store};
use tests::Database;

use crate::fixture::{LEASE_SECS, add_tenant, drain, file, new_export, note, target};

async fn one_chunk() -> (Database, Store, export::id::TenantId, export::id::ExportId, export::id::ChunkId) {
    let database = Database::create(&[("budget", "2")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 100, 1)]);
    store.accept(&new).await.unwrap();
    let chunk = store.dispatch().await.unwrap()[0];
    (database, store, acme, new.id, chunk)
}

fn failure(again: bool) -> Failure {
    Failure { again, ..Failure::new(FailureCode::SourceError, "a test") }
}

#[tokio::test]
async fn a_message_delivered_twice_is_one_attempt() {
    let (database, store, _, _, chunk) = one_chunk().await;
    let other = Store::new(&database.url).unwrap();
    let (a, b) = tokio::join!(store.lease(chunk, LEASE_SECS), other.lease(chunk, LEASE_SECS));
    assert_eq!([a.unwrap(), b.unwrap()].into_iter().flatten().count(), 1);
    assert!(store.lease(chunk, LEASE_SECS).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lost_attempt_is_fenced_and_its_object_is_orphaned() {
    let (database, store, _, export, chunk) = one_chunk().await;
    let first = store.lease(chunk, 0).await.unwrap().unwrap();
    assert!(note(&store, &first).await);
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    // The lease of 0 s has expired: dispatch() takes the chunk back and sends it again.
    assert_eq!(store.dispatch().await.unwrap(), [chunk]);
    let second = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    assert!(!store.renew(chunk, 1, LEASE_SECS).await.unwrap());
    assert!(!note(&store, &first).await);
    assert!(store.record(chunk, &file(1, 5), &Usage::default()).await.unwrap().is_none());
    assert!(store.fail(chunk, 1, &failure(true), &Usage::default()).await.unwrap().is_none());
    assert!(!store.split(chunk, 1, &[], 1, None, &Usage::default()).await.unwrap());
    assert!(note(&store, &second).await);
    assert_eq!(store.record(chunk, &file(2, 5), &Usage::default()).await.unwrap(), Some(vec![export]));
    // A repeated record is confirmed, as after a connection that broke during commit.
    assert_eq!(store.record(chunk, &file(2, 5), &Usage::default()).await.unwrap(), Some(vec![export]));
    let orphans = store.due_orphans(10).await.unwrap();
    assert_eq!(orphans.len(), 1);
    assert!(orphans[0].prefix.ends_with(&format!("/c/{chunk}/1.")), "{}", orphans[0].prefix);
    assert_eq!(
        database.number("select count(*) from sluice.attempt where outcome = 'lost'").await.unwrap(),
        1
    );
}

#[tokio::test]
async fn a_lost_message_is_sent_again() {
    let (database, store, _, _, chunk) = one_chunk().await;
    assert!(store.dispatch().await.unwrap().is_empty());
    // `resend_secs` defaults to 60.
    let passes = "update sluice.chunk set sent_at = sent_at - interval '61 seconds'";
    database.run(passes).await.unwrap();
    assert_eq!(store.dispatch().await.unwrap(), [chunk]);
}

#[tokio::test]
async fn chunk_of_an_unsent_message_is_due_at_once() {
    let (_database, store, _, _, chunk) = one_chunk().await;
    store.take_back(&[chunk]).await.unwrap();
    assert_eq!(store.dispatch().await.unwrap(), [chunk]);
}

#[tokio::test]
async fn failures_wait_longer_each_time_until_final() {
    let (database, store, acme, export, chunk) = one_chunk().await;
    for failures in 1..=MAX_FAILURES {
        database.run("update sluice.chunk set due_at = now(), state = 'sent'").await.unwrap();
        let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
        assert_eq!((attempt.number, attempt.failures), (failures, failures - 1));
        let exports =
            store.fail(chunk, attempt.number, &failure(true), &Usage::default()).await.unwrap().unwrap();
        // Measured from the time the store recorded, not from now.
        let wait = database
            .number("select extract(epoch from c.due_at - a.ended_at)::bigint from sluice.chunk c join sluice.attempt a on a.chunk_id = c.id and a.number = c.attempt")
            .await
            .unwrap();
        if failures < MAX_FAILURES {
            assert!(exports.is_empty());
            // The first waits are so short that they may be over on a slow machine.
            assert!(failures < 4 || store.dispatch().await.unwrap().is_empty(), "not due yet");
            assert!(wait >= (1 << failures) - 1 && wait <= 1 << failures, "{wait}");
        } else {
            assert_eq!(exports, [export]);
        }
    }
    assert!(matches!(store.finish(export).await.unwrap(), Finish::Failed));
    let state = store.export(&acme, export).await.unwrap().unwrap();
    assert_eq!(
        (state.errors.len(), state.errors[0].attempts, state.errors[0].failure.code.as_str()),
        (1, MAX_FAILURES, "source_error")
    );
}

#[tokio::test]
async fn chunk_fails_after_repeated_lost_workers() {
    let (database, store, _, _, chunk) = one_chunk().await;
    for _ in 0..MAX_FAILURES {
        database.run("update sluice.chunk set state = 'sent' where state = 'due'").await.unwrap();
        assert!(store.lease(chunk, 0).await.unwrap().is_some());
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        store.dispatch().await.unwrap();
    }
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'failed' and failure ->> 'code' = 'worker_lost'").await.unwrap(), 1);
    assert_eq!(store.unfinished(10).await.unwrap().len(), 1, "the sweeper finishes its export");
}

#[tokio::test]
async fn split_children_replace_their_parent() {
    let (database, store, acme, export, chunk) = one_chunk().await;
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    let children = Range::Span(Span { kind: RangeKind::Date, start: 0, end: 100 }).split(7);
    assert!(store.split(chunk, attempt.number, &children, 10, None, &Usage::default()).await.unwrap());
    assert!(!store.renew(chunk, attempt.number, LEASE_SECS).await.unwrap());
    let state = store.export(&acme, export).await.unwrap().unwrap();
    assert_eq!((state.progress.chunks_total, state.progress.weight_total), (7, 1000));
    let page = store.chunk_page(&acme, export, None, 100).await.unwrap().unwrap();
    let names: Vec<_> = page.chunks.into_iter().map(|c| c.range.span().unwrap().start).collect();
    assert!(names.is_sorted(), "{names:?}");
    drain(&store).await;
    let Finish::AllDone(finished) = store.finish(export).await.unwrap() else { panic!("all is done") };
    assert_eq!(finished.chunks.len(), 7);
    assert!(store.mark_succeeded(export, "key", 0).await.unwrap());
    assert!(store.mark_succeeded(export, "key", 0).await.unwrap(), "confirmed, as after a broken commit");
    assert!(!store.mark_succeeded(export, "other", 0).await.unwrap());
    assert_eq!(database.number("select count(*) from sluice.chunk where state = 'split'").await.unwrap(), 1);
}
