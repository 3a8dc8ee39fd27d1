//! Use of a tenant per day: it is counted once for each attempt, and limited.

use export::id::TenantId;
use export::usage::Usage;
use store::{AcceptError, NewExport, RetryError, Store};

use crate::fixture::{
    LEASE_SECS, add_tenant, drain, file, new_export, note, retry_terms, store_of_acme, target,
};

fn export(tenant: &TenantId, name: &str) -> NewExport {
    new_export(tenant, vec![target(tenant, name, 0, 10, 1)])
}

/// Reads the only chunk that is due, in `read_ms`.
async fn read(store: &Store, read_ms: u64) {
    let chunk = store.dispatch().await.unwrap()[0];
    let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
    assert!(note(store, &attempt).await);
    let usage = Usage { read_ms, ..Usage::default() };
    let done = file(attempt.number, 5);
    store.record(chunk, &done, &usage).await.unwrap().unwrap();
    assert!(store.record(chunk, &done, &usage).await.unwrap().is_some(), "a repeat after a lost commit");
}

#[tokio::test]
async fn each_attempt_is_counted_on_its_day() {
    let (database, store, acme) = store_of_acme(&[]).await;
    let other = add_tenant(&store, "other").await;
    for new in [export(&acme, "orders"), export(&other, "orders")] {
        store.accept(&new).await.unwrap();
        read(&store, 1500).await;
        store.mark_succeeded(new.id, "key", 0).await.unwrap();
    }
    let reused = export(&acme, "orders");
    assert!(store.accept(&reused).await.unwrap().complete);
    let days = store.daily_use(None, None, None).await.unwrap();
    let names: Vec<_> = days.iter().map(|day| (day.tenant.as_str(), day.exports, day.chunks)).collect();
    assert_eq!(names, [("acme", 2, 1), ("other", 1, 1)]);
    let one = &store.daily_use(None, None, Some(&acme)).await.unwrap()[0];
    assert_eq!((one.rows, one.source_bytes, one.file_bytes), (5, 100, 50));
    assert_eq!(one.database_ms, 1500, "a repeated record counts nothing");

    database.run("update sluice.daily_use set day = day - 401 where tenant = 'acme'").await.unwrap();
    assert_eq!(store.daily_use(Some(&one.day), Some(&one.day), Some(&acme)).await.unwrap(), []);
    assert!(store.forget_old_use(100).await.unwrap() > 0);
    assert_eq!(database.number("select count(distinct tenant) from sluice.daily_use").await.unwrap(), 1);
}

#[tokio::test]
async fn accepted_rows_count_before_they_are_read() {
    let (_database, store, acme) = store_of_acme(&[("max_rows_per_day", "10")]).await;
    store.accept(&export(&acme, "orders")).await.unwrap();
    let limits = store.limits(&acme).await.unwrap();
    assert_eq!((limits.rows.used, limits.rows.maximum), (10, Some(10)));
    assert_eq!((limits.active.used, limits.queued.used), (0, 1));
    let refused = store.accept(&export(&acme, "clients")).await.unwrap_err();
    let AcceptError::UsedUp(used_up) = refused else { panic!("{refused:?}") };
    assert_eq!((used_up.parameter.as_str(), used_up.max), ("MaxRowsPerDay", 10));
    assert!(used_up.wait.as_secs() < 86_400);
    let other = add_tenant(&store, "other").await;
    store.accept(&export(&other, "clients")).await.unwrap();
    drain(&store).await;
    let reused = export(&acme, "orders");
    assert!(store.accept(&reused).await.unwrap().complete, "what was read already costs nothing");
}

#[tokio::test]
async fn another_day_begins_with_nothing_used() {
    let (database, store, acme) = store_of_acme(&[("max_database_seconds_per_day", "2")]).await;
    store.accept(&export(&acme, "orders")).await.unwrap();
    read(&store, 2100).await;
    let refused = store.accept(&export(&acme, "clients")).await.unwrap_err();
    assert!(refused.to_string().contains("2 seconds of reading per day"), "{refused}");
    database.run("update sluice.daily_use set day = day - 1").await.unwrap();
    store.accept(&export(&acme, "clients")).await.unwrap();
}

#[tokio::test]
async fn retries_are_limited_per_day_too() {
    let (database, store, acme) = store_of_acme(&[("max_megabytes_per_day", "1")]).await;
    let new = export(&acme, "orders");
    store.accept(&new).await.unwrap();
    let failed = "update sluice.chunk set state = 'failed'; update sluice.export set status = 'failed', ended_at = now(), \
                  expires_at = now() + interval '1 day'; update sluice.daily_use set planned_bytes = 2000000";
    database.run(failed).await.unwrap();
    let refused = store.retry(&acme, new.id, &new.targets, "r", &retry_terms(new.limits)).await.unwrap_err();
    assert!(matches!(refused, RetryError::UsedUp(_)), "{refused:?}");
}
