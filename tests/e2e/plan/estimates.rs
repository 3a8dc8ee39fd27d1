//! The sweeper refreshes estimates: one dataset at a time, the oldest first, and only while the source is idle.

use std::collections::BTreeMap;
use std::sync::Arc;

use export::catalog::{Catalog, Revision};
use export::estimate::DatasetEstimate;
use introspect::resolve;
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use source::Source;
use store::{Applied, Store};
use sweeper::sweep;
use tests::{Database, EVENT_TIMEOUT, eventually};

use crate::fixture::{add_tenant, new_export, target};

const TABLE: &str = "create table public.DATASET (id bigint primary key, day date not null, body text not null);
    insert into public.DATASET select i, date '2024-01-01' + i % 90, 'text ' || i from generate_series(1, 1000) i;
    analyze public.DATASET";

/// A store and a source in one database, with two applied datasets.
struct World {
    database: Database,
    store: Store,
    sweeper: sweeper::Context,
    role: String,
}

/// Returns the URL of the same database for another role.
fn with_role(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    format!("{scheme}://{role}:none@{}", rest.split_once('@').unwrap().1)
}

impl World {
    async fn new() -> Self {
        let database = Database::create(&[("budget", "2")]).await.unwrap();
        let (mut revision, mut estimates) = (Revision::default(), BTreeMap::new());
        // A role used by this test only, because reads of other tests count as load.
        let role = format!("reader_{}", export::id::hex(&ports::random::bytes::<4>()));
        database
            .run(&format!("create role {role} login password 'none'; grant usage on schema public to {role}"))
            .await
            .unwrap();
        let source = Source::new(&with_role(&database.url, &role)).unwrap();
        for name in ["first", "second"] {
            database.run(&TABLE.replace("DATASET", name)).await.unwrap();
            database.run(&format!("grant select on public.{name} to {role}")).await.unwrap();
            let keys = format!(
                "[datasets.{name}]\nrelation = \"public.{name}\"\nrange_column = \"day\"\nshared = true"
            );
            let mut inspector = source.inspector(EVENT_TIMEOUT).await.unwrap();
            let definition = &Catalog::parse(&keys).unwrap().datasets[name];
            let one = resolve(&mut inspector, name, definition, 1).await.unwrap();
            inspector.close().await;
            revision.datasets.insert(name.into(), one.dataset.unwrap());
            estimates.insert(name.into(), one.estimate);
        }
        let store = Store::new(&database.url).unwrap();
        let applied = Applied { revision_id: revision.id(), revision, estimates, source: "test".into() };
        store.apply_catalog(&applied).await.unwrap();
        let sweeper = sweeper::Context {
            store: store.clone(),
            queue: Arc::new(MemoryQueue::default()),
            deliveries: None,
            bus: None,
            objects: Arc::new(MemoryObjects::default()),
            source,
            estimates_secs: 0,
            run_terms: Default::default(),
        };
        Self { database, store, sweeper, role }
    }

    /// Sweeps until estimates were refreshed. The other tests may hold nearly all of the server's sessions.
    async fn takes(&self) {
        eventually("estimates are taken", async || self.taken().await == 1).await;
    }

    async fn taken(&self) -> usize {
        let report = sweep(&self.sweeper).await;
        assert_eq!(report.failed_steps, 0);
        report.estimates_taken
    }

    async fn estimate(&self, name: &str) -> DatasetEstimate {
        self.store.applied_catalog().await.unwrap().unwrap().estimates.remove(name).unwrap()
    }
}

#[tokio::test]
async fn each_sweep_estimates_one_dataset_oldest_first() {
    let world = World::new().await;
    let before = world.estimate("first").await;
    assert_eq!((before.total.rows, before.months.len()), (1000, 3));
    for name in ["first", "second"] {
        let more = format!(
            "insert into public.{name} select i, '2024-04-01', 'x' from generate_series(2001, 3000) i; analyze public.{name}"
        );
        world.database.run(&more).await.unwrap();
    }
    world.takes().await;
    let (first, second) = (world.estimate("first").await, world.estimate("second").await);
    assert_eq!((first.total.rows, first.months.len(), second.total.rows), (2000, 4, 1000));
    assert!(first.taken_micros > before.taken_micros);
    assert_eq!(first.measured, before.measured, "what rows weigh is measured at apply only");
    world.takes().await;
    assert_eq!(world.estimate("second").await.total.rows, 2000);
    // Recent enough: the source is not queried.
    let patient = sweeper::Context { estimates_secs: 3600, ..world.sweeper.clone() };
    assert_eq!(sweep(&patient).await.estimates_taken, 0);
}

#[tokio::test]
async fn no_estimates_while_chunks_are_sent_or_paused() {
    let world = World::new().await;
    let acme = add_tenant(&world.store, "acme").await;
    let mut new = new_export(&acme, vec![target(&acme, "first", 0, 10, 1)]);
    new.revision_id = world.store.applied_catalog().await.unwrap().unwrap().revision_id;
    world.store.accept(&new).await.unwrap();
    // The sweep sends the chunk first.
    assert_eq!(world.taken().await, 0);
    world.store.cancel_or_delete(&acme, new.id).await.unwrap();
    world.store.pause().await.unwrap();
    assert_eq!(world.taken().await, 0);
    world.store.resume().await.unwrap();
    world.takes().await;
}

#[tokio::test]
async fn estimates_stop_while_the_source_is_busy_or_refuses() {
    let world = World::new().await;
    let role = &world.role;
    let mut reader = world.sweeper.source.inspector(EVENT_TIMEOUT).await.unwrap();
    // Reads until its session is terminated.
    let reading = tokio::spawn(async move { reader.texts("select pg_sleep(600)::text").await });
    let reads = format!("from pg_stat_activity where usename = '{role}' and wait_event = 'PgSleep'");
    let count = format!("select count(*) {reads}");
    eventually("the session reads", async || world.database.number(&count).await.unwrap() == 1).await;
    assert_eq!(world.taken().await, 0, "another session of the role is reading");
    // Returns when the session is gone.
    let leave = format!("select count(*) filter (where pg_terminate_backend(pid, 60000)) {reads}");
    assert_eq!(world.database.number(&leave).await.unwrap(), 1, "it was still reading");
    assert!(reading.await.unwrap().is_err());
    // A role that may have no session. If the sweeper waited for one, it would give up on the dataset in the end, and
    // the next dataset would get its turn.
    world.database.run(&format!("alter role {role} connection limit 0")).await.unwrap();
    let report = sweep(&world.sweeper).await;
    assert_eq!((report.estimates_taken, report.failed_steps), (0, 0));
    world.database.run(&format!("alter role {role} connection limit -1")).await.unwrap();
    // It is still the first in turn.
    world.takes().await;
    assert!(world.estimate("first").await.taken_micros > world.estimate("second").await.taken_micros);
}

#[tokio::test]
async fn changed_dataset_keeps_its_estimates_without_delaying_others() {
    let world = World::new().await;
    let before = world.estimate("first").await;
    world
        .database
        .run("alter table public.first alter column body type varchar(50); drop table public.second")
        .await
        .unwrap();
    for _ in 0..3 {
        assert_eq!(world.taken().await, 0);
    }
    assert_eq!(world.estimate("first").await, before);
    world.database.run("alter table public.first alter column body type text").await.unwrap();
    world.takes().await;
    assert_eq!(world.estimate("first").await.total, before.total);
}
