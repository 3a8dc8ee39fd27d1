//! Invariants of the store: concurrent operations do not violate them, and existing violations are found.

use std::sync::Arc;

use export::failure::MAX_FAILURES;
use export::state::ExportStatus;
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use source::Source;
use sqlx::Executor;
use store::{Finish, Store};
use tests::{Database, eventually};

use crate::fixture::{LEASE_SECS, add_tenant, drain, new_export, target, work};

async fn setup() -> (Database, Store) {
    let database = Database::create(&[("budget", "4")]).await.unwrap();
    let store = Store::new(&database.url).unwrap();
    (database, store)
}

fn context(database: &Database) -> sweeper::Context {
    sweeper::Context {
        store: Store::new(&database.url).unwrap(),
        queue: Arc::new(MemoryQueue::default()),
        deliveries: None,
        bus: None,
        objects: Arc::new(MemoryObjects::default()),
        source: Source::new(&database.url).unwrap(),
        estimates_secs: u32::MAX,
        run_terms: Default::default(),
    }
}

/// A trigger that blocks failing a chunk until the test releases an advisory lock.
const BRAKE: &str = "create function brake() returns trigger language plpgsql as $$ begin \
    perform pg_advisory_xact_lock_shared(77); return new; end $$; \
    create trigger brake before update on sluice.chunk for each row when (new.state = 'failed') execute function brake()";

const BRAKED: &str = "select count(*) from pg_locks where locktype = 'advisory' and objid = 77 and not granted \
    and database = (select oid from pg_database where datname = current_database())";

#[tokio::test(flavor = "multi_thread")]
async fn chunk_shared_while_failing_does_not_hang_exports() {
    let (database, store) = setup().await;
    let tenants = [add_tenant(&store, "acme").await, add_tenant(&store, "other").await];
    let new = |i: usize| new_export(&tenants[i], vec![target(&tenants[i], "orders", 0, 10, 1)]);
    let exports = [new(0), new(1), new(0), new(1)];
    for first in &exports[..2] {
        store.accept(first).await.unwrap();
    }
    for chunk in store.dispatch().await.unwrap() {
        let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().unwrap();
        assert!(crate::fixture::note(&store, &attempt).await);
    }
    // Both chunks lose their lease for the last time. Dispatch is blocked after it has failed one of them, whose row it
    // has locked. The other one is meanwhile shared by its tenant's second export.
    let last = MAX_FAILURES - 1;
    let lose = format!(
        "update sluice.chunk set failures = {last}, renewed_at = null, lease_until = now() - interval '1 s'; {BRAKE}"
    );
    database.run(&lose).await.unwrap();
    let mut holder = database.connect().await.unwrap();
    holder.execute("select pg_advisory_lock(77)").await.unwrap();
    let dispatch = tokio::spawn({
        let store = Store::new(&database.url).unwrap();
        async move { store.dispatch().await.unwrap() }
    });
    eventually("dispatch is held", async || database.number(BRAKED).await.unwrap() > 0).await;
    let accepts = [2, 3].map(|i| {
        let (store, new) = (Store::new(&database.url).unwrap(), exports[i].clone());
        tokio::spawn(async move { store.accept(&new).await.unwrap() })
    });
    let shared = "select count(*) from sluice.link";
    eventually("one is shared", async || database.number(shared).await.unwrap() == 3).await;
    holder.execute("select pg_advisory_unlock(77)").await.unwrap();
    // The chunk that was shared in time has a new count of failures and is sent again.
    let again = dispatch.await.unwrap();
    for accept in accepts {
        accept.await.unwrap();
    }
    for chunk in again {
        work(&store, chunk).await;
    }
    assert_eq!(store.violations().await.unwrap(), []);
    drain(&store).await;
    for export in &exports {
        assert!(!matches!(store.finish(export.id).await.unwrap(), Finish::NotYet), "it hangs");
    }
}

#[tokio::test]
async fn open_link_on_an_ended_chunk_is_found_and_closed() {
    let (database, store) = setup().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]);
    store.accept(&new).await.unwrap();
    drain(&store).await;
    assert_eq!(store.violations().await.unwrap(), []);
    database.run("update sluice.link set open = true").await.unwrap();
    let [broken] = &store.violations().await.unwrap()[..] else { panic!("one is broken") };
    assert_eq!((broken.invariant.as_str(), broken.found), ("a chunk that has ended has no open link", 1));
    assert!(broken.example.contains(&new.id.to_string()), "{broken}");
    assert!(matches!(store.finish(new.id).await.unwrap(), Finish::NotYet), "it hangs");

    let report = sweeper::sweep(&context(&database)).await;
    assert_eq!((report.repaired, report.finished, report.failed_steps), (1, 1, 0), "{report:?}");
    assert_eq!(store.export(&acme, new.id).await.unwrap().unwrap().status, ExportStatus::Succeeded);
    assert_eq!(store.violations().await.unwrap(), []);
}

#[tokio::test]
async fn missing_turn_is_found_and_restored() {
    let (database, store) = setup().await;
    let acme = add_tenant(&store, "acme").await;
    store.accept(&new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)])).await.unwrap();
    database.run("delete from sluice.turn_change").await.unwrap();
    assert_eq!(store.dispatch().await.unwrap(), []);
    let [broken] = &store.violations().await.unwrap()[..] else { panic!("one is broken") };
    assert_eq!(broken.invariant, "an export is active if its tenant is below its limit of active exports");
    assert_eq!(store.repair().await.unwrap(), 1);
    assert_eq!(store.repair().await.unwrap(), 0);
    assert_eq!(store.dispatch().await.unwrap().len(), 1);
    assert_eq!(store.violations().await.unwrap(), []);
}

/// Each change breaks one invariant, which is found both in the whole store and in one of its windows.
#[tokio::test]
async fn each_broken_invariant_is_found() {
    let (database, store) = setup().await;
    let acme = add_tenant(&store, "acme").await;
    let [done, live] = ["done", "live"].map(|name| new_export(&acme, vec![target(&acme, name, 0, 100, 2)]));
    store.accept(&done).await.unwrap();
    drain(&store).await;
    assert!(store.mark_succeeded(done.id, "key", 0).await.unwrap());
    store.accept(&live).await.unwrap();
    let sent = store.dispatch().await.unwrap();
    assert!(store.lease(sent[0], LEASE_SECS).await.unwrap().is_some());
    assert_eq!(store.violations().await.unwrap(), []);

    let (done, live, running) = (done.id, live.id, sent[0]);
    let keep = "set session_replication_role = replica";
    for (invariant, damage) in [
        (
            "a removed chunk has no link",
            format!("update sluice.chunk set state = 'dying', lease_until = null where id = '{running}'"),
        ),
        (
            "a chunk that has ended has no open link",
            format!("update sluice.link set open = true where export_id = '{done}'"),
        ),
        (
            "a chunk that is not read has only open links",
            format!("update sluice.link set open = false where chunk_id = '{running}'"),
        ),
        (
            "a chunk that is not read has a link",
            format!("delete from sluice.link where chunk_id = '{running}'"),
        ),
        (
            "a file has a link, or a time until which it is kept for reuse",
            format!(
                "{keep}; update sluice.chunk set keep_until = null where state = 'done'; delete from sluice.export where id = '{done}'; delete from sluice.link where export_id = '{done}'"
            ),
        ),
        (
            "a running chunk has a lease",
            format!("update sluice.chunk set lease_until = null where id = '{running}'"),
        ),
        (
            "an attempt that has not ended is the one that runs",
            format!(
                "update sluice.attempt set outcome = null where chunk_id in (select chunk_id from sluice.link where export_id = '{done}')"
            ),
        ),
        (
            "an export that has ended has no open link",
            format!(
                "update sluice.link set open = true where export_id = '{done}'; update sluice.export set status = 'failed' where id = '{done}'"
            ),
        ),
        (
            "an export that succeeded has all its files",
            format!(
                "update sluice.chunk set state = 'failed' where id in (select chunk_id from sluice.link where export_id = '{done}')"
            ),
        ),
        (
            "an export that succeeded has a manifest",
            format!("update sluice.export set manifest_key = null where id = '{done}'"),
        ),
        (
            "the counts of an export that has ended agree with its chunks",
            format!(
                "update sluice.export set progress = sluice.last_progress(id) || '{{\"rows\": 9}}' where id = '{done}'"
            ),
        ),
        (
            "an export is active if its tenant is below its limit of active exports",
            format!("delete from sluice.export_turn where export_id = '{live}'"),
        ),
        (
            "a tenant with an active export is served",
            "update sluice.tenant_turn set active = false".to_owned(),
        ),
    ] {
        let mut session = database.connect().await.unwrap();
        let found = |of: &str| {
            format!("select count(*) from sluice.violations({of}) where invariant = '{invariant}'")
        };
        session.execute("begin").await.unwrap();
        session.execute(sqlx::AssertSqlSafe(damage)).await.unwrap();
        let all = "'00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'";
        let whole: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(found(all))).fetch_one(&mut session).await.unwrap();
        let parts = format!(
            "select sum(n)::bigint from generate_series(0, 15) d, lateral ({}) v (n)",
            found(
                "(to_hex(d) || '0000000-0000-0000-0000-000000000000')::uuid, (to_hex(d) || 'fffffff-ffff-ffff-ffff-ffffffffffff')::uuid"
            )
        );
        let parts: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(parts)).fetch_one(&mut session).await.unwrap();
        assert!(whole == 1 && parts > 0, "{invariant}: {whole} in all, {parts} in parts");
        session.execute("rollback").await.unwrap();
    }
    assert_eq!(store.violations().await.unwrap(), []);
    for chunk in &sent[1..] {
        work(&store, *chunk).await;
    }
    // One window covers everything in a store this small.
    database
        .run(&format!("update sluice.chunk set lease_until = null where id = '{running}'"))
        .await
        .unwrap();
    assert_eq!(store.next_violations().await.unwrap().len(), 1);
}

#[tokio::test]
async fn invariant_checks_run_in_bounded_windows() {
    let (database, store) = setup().await;
    let acme = add_tenant(&store, "acme").await;
    let new = new_export(&acme, vec![target(&acme, "orders", 0, 10, 1)]);
    store.accept(&new).await.unwrap();
    // Failed chunks without an export: each of them is a violation.
    let many = "insert into sluice.chunk (id, tenant, dataset, fingerprint, range_of, planned_rows, planned_bytes, indexed, due_at, state, ended_at) \
                select gen_random_uuid(), c.tenant, c.dataset, c.fingerprint, 'all', 0, 0, false, now(), 'failed', now() \
                from sluice.chunk c, generate_series(1, 5000)";
    database.run(many).await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let found = store.next_violations().await.unwrap();
        seen.push(found.iter().map(|one| one.found).sum::<u64>());
    }
    assert!(seen.iter().all(|found| (900..=2_002).contains(found)), "{seen:?}");
    assert!((5_000..5_010).contains(&seen.iter().sum::<u64>()), "{seen:?}");
    let again = store.next_violations().await.unwrap();
    assert!(again[0].found > 900, "it begins again");
}
