//! Accept, cancel, deletion, expiry, lost leases, workers and sweepers, racing on one range: every export
//! that succeeds is whole and can be downloaded at that moment, and in the end nothing is left over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use export::chunk::{ExportStatus, Usage};
use export::file::FileRecord;
use export::id::{ExportId, TenantId, hex};
use export::manifest::Manifest;
use export::plan::Reuse;
use ports::objects::{MemoryObjects, Meta, Objects};
use ports::queue::MemoryQueue;
use ports::random;
use ports::store::{NewExport, Store};
use sha2::{Digest, Sha256};
use sweeper::{Context, sweep};
use tests::Database;

use crate::fixture::{add_tenant, new_export, note, want};

const ROUNDS: usize = 1000;
const CLIENTS: usize = 3;
const WORKERS: usize = 3;

fn dice(sides: u8) -> u8 {
    random::bytes::<1>()[0] % sides
}

struct Arena {
    database: Database,
    tenant: TenantId,
    queue: Arc<MemoryQueue>,
    objects: Arc<MemoryObjects>,
    over: AtomicBool,
    succeeded: AtomicUsize,
    canceled: AtomicUsize,
}

impl Arena {
    fn context(&self) -> Context {
        let store = Store::new(&self.database.url).unwrap();
        Context { store, queue: self.queue.clone(), objects: self.objects.clone() }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_races_an_export_that_succeeds_is_whole_and_nothing_is_left_over() {
    let settings =
        [("budget", "3"), ("worker_timeout_secs", "0"), ("resend_secs", "1"), ("retention_hours", "1")];
    let database = Database::create(&settings).await.unwrap();
    let tenant = add_tenant(&Store::new(&database.url).unwrap(), "acme").await;
    let arena = Arc::new(Arena {
        database,
        tenant,
        queue: Arc::default(),
        objects: Arc::default(),
        over: AtomicBool::new(false),
        succeeded: AtomicUsize::new(0),
        canceled: AtomicUsize::new(0),
    });
    let helpers: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(worker(arena.clone())))
        .chain([tokio::spawn(sweeper(arena.clone()))])
        .collect();
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(client(arena.clone(), ROUNDS / CLIENTS + 1))).collect();
    for client in clients {
        client.await.unwrap();
    }
    arena.over.store(true, Ordering::Relaxed);
    for helper in helpers {
        helper.await.unwrap();
    }
    let (succeeded, canceled) =
        (arena.succeeded.load(Ordering::Relaxed), arena.canceled.load(Ordering::Relaxed));
    assert!(
        succeeded > ROUNDS / 5 && canceled > ROUNDS / 10,
        "{succeeded} succeeded, {canceled} were canceled: the race was not one"
    );

    // Everything ends: what is kept for reuse too, once its time is over.
    arena.database.run("update sluice.export set expires_at = now() - interval '1 s'; update sluice.litter set sweep_at = now()").await.unwrap();
    let context = arena.context();
    for _ in 0..10 {
        arena.database.run("update sluice.chunk set keep_until = now() - interval '1 s'; update sluice.litter set sweep_at = now()").await.unwrap();
        assert_eq!(sweep(&context).await.failed_steps, 0);
    }
    assert_eq!(arena.objects.list("", None).await.unwrap().keys, Vec::<String>::new());
    assert_eq!(arena.database.number("select (select count(*) from sluice.chunk) + (select count(*) from sluice.link) + (select count(*) from sluice.litter)").await.unwrap(), 0);
}

/// Submits, then waits, cancels, or does both at once; looks at everything a success promises.
async fn client(arena: Arc<Arena>, rounds: usize) {
    let store = Store::new(&arena.database.url).unwrap();
    for _ in 0..rounds {
        // Always over the same days, so that chunks are shared, reused and fought over.
        let (start, end) = (i64::from(dice(3)) * 10, 40 + i64::from(dice(3)) * 10);
        let new = new_export(
            &arena.tenant,
            vec![want(&arena.tenant, "orders", start, end, u64::from(1 + dice(3)))],
        );
        let reuse = if dice(4) == 0 { Reuse::Never } else { Reuse::Settled };
        let id = new.id;
        let accepted = store.accept(&NewExport { reuse, ..new }).await.unwrap();
        ports::dispatch::run(&store, &*arena.queue).await.unwrap();
        if accepted.complete {
            ports::finish::run(&store, &*arena.objects, id).await.unwrap();
        }
        if dice(3) == 0 {
            tokio::time::sleep(Duration::from_micros(u64::from(dice(255)) * 40)).await;
            store.cancel_or_delete(&arena.tenant, id).await.unwrap();
            arena.canceled.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        wait(&arena, &store, id).await;
        match dice(3) {
            0 => drop(store.cancel_or_delete(&arena.tenant, id).await.unwrap()),
            1 => arena.database.run(&format!("update sluice.export set expires_at = now() - interval '1 s' where id = '{id}' and status = 'succeeded'")).await.unwrap(),
            _ => {}
        }
    }
}

async fn wait(arena: &Arena, store: &Store, id: ExportId) {
    let give_up = Instant::now() + Duration::from_secs(60);
    loop {
        let export = store.export(&arena.tenant, id).await.unwrap().expect("only this task deletes it");
        match export.status {
            ExportStatus::Queued | ExportStatus::Running => {}
            ExportStatus::Succeeded => {
                check(arena, &export.manifest_key.expect("a success has a manifest")).await;
                arena.succeeded.fetch_add(1, Ordering::Relaxed);
                return;
            }
            other => panic!("{id} is {other}: {:?}", export.errors),
        }
        assert!(Instant::now() < give_up, "{id} is stuck: {export:?}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// The manifest describes the very bytes that are there.
async fn check(arena: &Arena, key: &str) {
    let manifest: Manifest = serde_json::from_slice(&arena.objects.get(key).await.unwrap()).unwrap();
    for chunk in &manifest.datasets[0].chunks {
        let file = chunk.file.as_ref().expect("no chunk of this test is empty");
        let bytes = arena
            .objects
            .get(&file.key)
            .await
            .unwrap_or_else(|e| panic!("{} of {} is gone: {e}", file.key, manifest.export));
        assert_eq!((bytes.len() as u64, hex(&Sha256::digest(&bytes))), (file.bytes, file.sha256.clone()));
    }
}

/// Leases, writes, records; sometimes so slowly that its lease is lost, sometimes it just dies.
async fn worker(arena: Arc<Arena>) {
    let store = Store::new(&arena.database.url).unwrap();
    while !arena.over.load(Ordering::Relaxed) {
        let messages = arena.queue.take();
        if messages.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ports::dispatch::run(&store, &*arena.queue).await.unwrap();
        }
        for message in messages {
            let slow = dice(20) == 0;
            let Some(attempt) = store.lease(message.chunk, if slow { 0 } else { 30 }).await.unwrap() else {
                continue;
            };
            if dice(30) == 0 || !note(&store, &attempt).await {
                // Dead, and its lease is given up at once so that the test need not wait for it.
                arena
                    .database
                    .run(&format!(
                        "update sluice.chunk set lease_until = now() where id = '{}' and state = 'running'",
                        message.chunk
                    ))
                    .await
                    .unwrap();
                continue;
            }
            let body =
                Bytes::from(format!("{} {}", message.chunk, attempt.number).repeat(usize::from(1 + dice(9))));
            let meta = Meta { content_type: "text/csv".into(), download_name: None, immutable: true };
            arena.objects.put(&attempt.key(), body.clone(), &meta).await.unwrap();
            if slow {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let file = FileRecord {
                attempt: attempt.number,
                rows: 5,
                bytes: body.len() as u64,
                source_bytes: 50,
                sha256: Some(hex(&Sha256::digest(&body))),
            };
            match store.record(message.chunk, &file, &Usage::default()).await.unwrap() {
                None => arena.objects.delete(&[attempt.key()]).await.unwrap(),
                Some(exports) => {
                    for export in exports {
                        ports::finish::run(&store, &*arena.objects, export).await.unwrap();
                    }
                }
            }
            ports::dispatch::run(&store, &*arena.queue).await.unwrap();
        }
    }
}

async fn sweeper(arena: Arc<Arena>) {
    let context = arena.context();
    while !arena.over.load(Ordering::Relaxed) {
        let report = sweep(&context).await;
        assert_eq!(report.failed_steps, 0);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
