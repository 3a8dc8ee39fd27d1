//! Requests of a tenant that wait for each other do not hold sessions of the store while they wait.

use std::time::{Duration, Instant};

use export::id::TenantId;
use sqlx::{Connection, Executor, PgConnection};
use store::{AcceptError, Ended, Idempotency, NewExport, RetryError, Store, StoreError};
use tests::Database;

use crate::fixture::{TARGET, add_tenant, new_export, retry_terms, target};

async fn setup() -> (Database, Store, TenantId) {
    let database = Database::create(&[("budget", "8")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    let acme = add_tenant(&store, "acme").await;
    (database, store, acme)
}

/// Counts sessions of the store that wait for a lock, or hold one while idle.
const WAITING: &str = "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'sluice-store' \
     and (wait_event_type = 'Lock' or (state = 'idle in transaction' and state_change < clock_timestamp() - interval '200 ms'))";

/// Returns the maximum of that count while `until` runs.
async fn most_waiting<T>(database: &Database, until: impl Future<Output = T>) -> (T, i64) {
    let mut most = 0;
    let watch = async {
        loop {
            most = database.number(WAITING).await.unwrap().max(most);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        done = until => (done, most),
        () = watch => unreachable!("it watches for ever"),
    }
}

fn requests(tenant: &TenantId, count: u8, same: bool) -> Vec<NewExport> {
    let request = |i: u8| {
        let name = if same { "orders".to_owned() } else { format!("orders_{i}") };
        let mut new = new_export(tenant, vec![target(tenant, &name, 0, 10, 1)]);
        let key = if same { "k".to_owned() } else { format!("k{i}") };
        new.idempotency = Some(Idempotency { key, body_sha256: [1; 32], sent_sha256: [1; 32] });
        new
    };
    (0..count).map(request).collect()
}

/// Sends all at once, each from its own process.
async fn at_once(
    database: &Database,
    new: &[NewExport],
    patience: Duration,
) -> Vec<Result<bool, AcceptError>> {
    let tasks = new.iter().map(|new| {
        let (store, new) = (Store::new(&database.url).unwrap().with_patience(patience), new.clone());
        tokio::spawn(async move { store.accept(&new).await.map(|accepted| accepted.replayed) })
    });
    futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn requests_wait_for_their_tenants_row_without_a_session() {
    let (database, store, acme) = setup().await;
    let mut blocker = PgConnection::connect(&database.url).await.unwrap();
    for same in [false, true] {
        blocker.execute("begin").await.unwrap();
        blocker.execute("select from sluice.tenant where id = 'acme' for no key update").await.unwrap();
        let new = requests(&acme, 6, same);
        let other = add_tenant(&store, "other").await;
        let blocked = async {
            let sent = at_once(&database, &new, Duration::from_secs(10));
            let rest = async {
                tokio::time::sleep(Duration::from_millis(700)).await;
                // Another tenant is not affected.
                let began = Instant::now();
                store.accept(&new_export(&other, vec![target(&other, "orders", 0, 10, 1)])).await.unwrap();
                println!("another tenant's accept took {:?}", began.elapsed());
                blocker.execute("rollback").await.unwrap();
            };
            tokio::join!(sent, rest).0
        };
        let (sent, most) = most_waiting(&database, blocked).await;
        assert_eq!(most, 0, "sessions waited");
        let replays = sent.into_iter().map(Result::unwrap).filter(|replayed| *replayed).count();
        assert_eq!(replays, if same { 5 } else { 0 });
    }
}

#[tokio::test]
async fn requests_waiting_too_long_are_refused_on_the_same_connection() {
    let (database, store, acme) = setup().await;
    let store = store.with_patience(Duration::from_millis(300));
    let failed = new_export(&acme, vec![target(&acme, "failed", 0, 10, 1)]);
    store.accept(&failed).await.unwrap();
    database.run("update sluice.export set status = 'failed', ended_at = now()").await.unwrap();
    let mut blocker = PgConnection::connect(&database.url).await.unwrap();
    blocker.execute("begin").await.unwrap();
    blocker.execute("select from sluice.tenant where id = 'acme' for no key update").await.unwrap();
    let session = "select min(pid)::bigint from pg_stat_activity where datname = current_database() and application_name = 'sluice-store'";
    let pid = database.number(session).await.unwrap();
    let refused = store.accept(&requests(&acme, 1, false)[0]).await.unwrap_err();
    assert!(matches!(refused, AcceptError::Store(StoreError::Taken(_))), "{refused:?}");
    let limits = store::PlanLimits { target_bytes: TARGET, max_chunks: 100 };
    let refused =
        store.retry(&acme, failed.id, &failed.targets, "r", &retry_terms(limits)).await.unwrap_err();
    assert!(matches!(refused, RetryError::Store(StoreError::Taken(_))), "{refused:?}");
    assert_eq!(database.number(session).await.unwrap(), pid, "the same connection");
    blocker.execute("rollback").await.unwrap();
    assert_eq!(store.cancel_or_delete(&acme, failed.id).await.unwrap(), Ended::Deleted);
}

#[tokio::test]
async fn refusals_keep_the_connection() {
    let (database, store, acme) = setup().await;
    let session = "select min(pid)::bigint from pg_stat_activity where datname = current_database() and application_name = 'sluice-store'";
    store.accept(&requests(&acme, 1, true)[0]).await.unwrap();
    let pid = database.number(session).await.unwrap();
    let mut reused = requests(&acme, 1, true).remove(0);
    reused.idempotency = Some(Idempotency { key: "k".into(), body_sha256: [2; 32], sent_sha256: [2; 32] });
    assert!(matches!(store.accept(&reused).await, Err(AcceptError::KeyReused)));
    let mut large = new_export(&acme, vec![target(&acme, "large", 0, 1000, 500)]);
    large.limits.max_chunks = 10;
    assert!(matches!(store.accept(&large).await, Err(AcceptError::TooManyChunks(_))));
    let limits = store::PlanLimits { target_bytes: TARGET, max_chunks: 100 };
    let nothing = new_export(&acme, vec![]);
    assert!(matches!(
        store.retry(&acme, nothing.id, &[], "r", &retry_terms(limits)).await,
        Err(RetryError::NotFound)
    ));
    database.run("insert into sluice.setting values ('max_active_exports', '1'), ('max_queued_exports', '0') on conflict (name) do update set value = excluded.value").await.unwrap();
    let more = new_export(&acme, vec![target(&acme, "more", 0, 10, 1)]);
    assert!(matches!(store.accept(&more).await, Err(AcceptError::Full(_))));
    assert_eq!(database.number(session).await.unwrap(), pid, "one connection for all of them");
}
