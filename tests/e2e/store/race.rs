//! Accept (with and without reuse), cancel, deletion, expiry, invalidation, retry, lost leases, workers and sweepers,
//! racing on overlapping ranges. Every export that succeeds is complete, contains nothing that was invalidated before
//! and can be downloaded at that moment, and nothing is left over at the end.
//!
//! The rows of this race have a version, which is increased before each invalidation. A file holds the version that its
//! attempt saw.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use export::failure::FailureCode;
use export::file::FileRecord;
use export::id::{ExportId, TenantId, hex};
use export::manifest::Manifest;
use export::plan::Reuse;
use export::range::Days;
use export::state::ExportStatus;
use export::usage::Usage;
use ports::objects::{MemoryObjects, Meta, Objects};
use ports::queue::MemoryQueue;
use ports::random;
use sha2::{Digest, Sha256};
use source::Source;
use store::{Invalidation, NewExport, RetryError, Store};
use sweeper::{Context, sweep};
use tests::{Database, EVENT_TIMEOUT};

use crate::fixture::{add_tenant, new_export, note, retry_terms, target};

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
    /// Exports that were seen to have lost files, and chunks that were invalidated.
    lost: AtomicUsize,
    invalidated: AtomicU64,
    /// The current version of the rows, and the minimum version of every success.
    version: AtomicU64,
    floor: AtomicU64,
}

impl Arena {
    fn context(&self) -> Context {
        let store = Store::new(&self.database.url).unwrap();
        let source = Source::new(&self.database.url).unwrap();
        Context {
            store,
            queue: self.queue.clone(),
            deliveries: None,
            bus: None,
            objects: self.objects.clone(),
            source,
            estimates_secs: u32::MAX,
            run_terms: Default::default(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_operations_leave_succeeded_exports_complete_and_no_objects_behind() {
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
        lost: AtomicUsize::new(0),
        invalidated: AtomicU64::new(0),
        version: AtomicU64::new(0),
        floor: AtomicU64::new(0),
    });
    let begun = Instant::now();
    let helpers: Vec<_> = (0..WORKERS)
        .map(|_| tokio::spawn(worker(arena.clone())))
        .chain([tokio::spawn(sweeper(arena.clone())), tokio::spawn(operator(arena.clone()))])
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
    let seen = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (succeeded, canceled, lost) = (seen(&arena.succeeded), seen(&arena.canceled), seen(&arena.lost));
    let invalidated = arena.invalidated.load(Ordering::Relaxed);
    println!(
        "{ROUNDS} rounds in {:?}: {succeeded} succeeded, {canceled} were canceled, {lost} lost files; {} invalidations of {invalidated} chunks",
        begun.elapsed(),
        arena.version.load(Ordering::Relaxed)
    );
    assert!(
        succeeded > ROUNDS / 5 && canceled > ROUNDS / 10 && lost > 0 && invalidated > 100,
        "the race was not one"
    );

    // Everything ends, including chunks kept for reuse once their retention is over.
    arena.database.run("update sluice.export set expires_at = now() - interval '1 s'; update sluice.litter set sweep_at = now()").await.unwrap();
    let context = arena.context();
    for _ in 0..10 {
        arena.database.run("update sluice.chunk set keep_until = now() - interval '1 s'; update sluice.litter set sweep_at = now()").await.unwrap();
        assert_eq!(sweep(&context).await.failed_steps, 0);
    }
    assert_eq!(arena.objects.list("", None).await.unwrap().keys, Vec::<String>::new());
    assert_eq!(arena.database.number("select (select count(*) from sluice.chunk) + (select count(*) from sluice.link) + (select count(*) from sluice.litter)").await.unwrap(), 0);
}

/// Submits, then waits, cancels, or does both at once. Checks everything that a success promises.
async fn client(arena: Arc<Arena>, rounds: usize) {
    let store = Store::new(&arena.database.url).unwrap();
    for _ in 0..rounds {
        // Always over the same days, so that chunks are shared, reused and contended.
        let (start, end) = (i64::from(dice(3)) * 10, 40 + i64::from(dice(3)) * 10);
        let new = new_export(
            &arena.tenant,
            vec![target(&arena.tenant, "orders", start, end, u64::from(1 + dice(3)))],
        );
        let reuse = match dice(5) {
            0 => Reuse::Never,
            1 => Reuse::MaxAge(1),
            _ => Reuse::Settled,
        };
        let (id, targets) = (new.id, new.targets.clone());
        let new = NewExport { reuse, ..new };
        let accepted = store.accept(&new).await.unwrap();
        store::dispatch::run(&store, &*arena.queue).await.unwrap();
        if accepted.complete {
            store::finish::run(&store, &*arena.objects, id).await.unwrap();
        }
        if dice(3) == 0 {
            tokio::time::sleep(Duration::from_micros(u64::from(dice(255)) * 40)).await;
            store.cancel_or_delete(&arena.tenant, id).await.unwrap();
            arena.canceled.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        for look in 0..=dice(2) {
            tokio::time::sleep(Duration::from_millis(u64::from(look) * 40)).await;
            while !wait(&arena, &store, id).await {
                // It lost files after it had succeeded.
                match store.retry(&arena.tenant, id, &targets, "r", &retry_terms(new.limits)).await {
                    Ok(()) | Err(RetryError::NotFailed(_)) => {}
                    Err(error) => panic!("{id} cannot be retried: {error:?}"),
                }
                store::dispatch::run(&store, &*arena.queue).await.unwrap();
                store::finish::run(&store, &*arena.objects, id).await.unwrap();
            }
        }
        match dice(3) {
            0 => drop(store.cancel_or_delete(&arena.tenant, id).await.unwrap()),
            1 => arena.database.run(&format!("update sluice.export set expires_at = now() - interval '1 s' where id = '{id}' and status = 'succeeded'")).await.unwrap(),
            _ => {}
        }
    }
}

/// Waits for the end and checks the files. Returns false if they were invalidated.
async fn wait(arena: &Arena, store: &Store, id: ExportId) -> bool {
    let give_up = Instant::now() + EVENT_TIMEOUT;
    loop {
        let floor = arena.floor.load(Ordering::SeqCst);
        let export = store.export(&arena.tenant, id).await.unwrap().expect("only this task deletes it");
        match export.status {
            ExportStatus::Queued | ExportStatus::Running => {}
            ExportStatus::Succeeded => {
                let key = export.manifest_key.expect("a success has a manifest");
                if let Err(gone) = check(arena, &key, floor).await {
                    let now =
                        store.export(&arena.tenant, id).await.unwrap().expect("only this task deletes it");
                    assert_ne!(now.manifest_key, Some(key), "{gone} of {id} is gone");
                    continue;
                }
                arena.succeeded.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            ExportStatus::Failed => {
                assert!(!export.errors.is_empty());
                for error in &export.errors {
                    assert_eq!(error.failure.code, FailureCode::Invalidated, "{:?}", export.errors);
                }
                arena.lost.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            other => panic!("{id} is {other}: {:?}", export.errors),
        }
        assert!(Instant::now() < give_up, "{id} is stuck: {export:?}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Checks that the manifest describes exactly the existing bytes and that they show rows of version `floor` or later.
/// Returns the key of an object that is gone as the error.
async fn check(arena: &Arena, key: &str, floor: u64) -> Result<(), String> {
    let gone = |key: &str| key.to_owned();
    let manifest = arena.objects.get(key).await.map_err(|_| gone(key))?;
    let manifest: Manifest = serde_json::from_slice(&manifest).unwrap();
    for chunk in &manifest.datasets[0].chunks {
        let file = chunk.file.as_ref().expect("no chunk of this test is empty");
        let bytes = arena.objects.get(&file.key).await.map_err(|_| gone(&file.key))?;
        assert_eq!((bytes.len() as u64, hex(&Sha256::digest(&bytes))), (file.bytes, file.sha256.clone()));
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let version: u64 = text.split(' ').next().unwrap().parse().unwrap();
        assert!(version >= floor, "{} shows rows of {version}, invalidated before {floor}", file.key);
    }
    Ok(())
}

/// Leases, writes, records. Sometimes it is so slow that its lease is lost, sometimes it dies.
async fn worker(arena: Arc<Arena>) {
    let store = Store::new(&arena.database.url).unwrap();
    while !arena.over.load(Ordering::Relaxed) {
        let messages = arena.queue.take();
        if messages.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            store::dispatch::run(&store, &*arena.queue).await.unwrap();
        }
        for message in messages {
            let slow = dice(20) == 0;
            let Some(attempt) = store.lease(message.chunk, if slow { 0 } else { 30 }).await.unwrap() else {
                continue;
            };
            if dice(30) == 0 || !note(&store, &attempt).await {
                // The worker dies. Its lease is ended at once so that the test does not have to wait for it.
                arena
                    .database
                    .run(&format!(
                        "update sluice.chunk set lease_until = now() where id = '{}' and attempt = {} and state = 'running'",
                        message.chunk, attempt.number
                    ))
                    .await
                    .unwrap();
                continue;
            }
            let version = arena.version.load(Ordering::SeqCst);
            if dice(10) == 0 {
                tokio::time::sleep(Duration::from_millis(u64::from(dice(8)))).await;
            }
            let line = format!("{version} {} {}\n", message.chunk, attempt.number);
            let body = Bytes::from(line.repeat(usize::from(1 + dice(9))));
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
                        store::finish::run(&store, &*arena.objects, export).await.unwrap();
                    }
                }
            }
            store::dispatch::run(&store, &*arena.queue).await.unwrap();
        }
    }
}

/// Corrects the rows and invalidates earlier reads: everything, or some days.
async fn operator(arena: Arc<Arena>) {
    let store = Store::new(&arena.database.url).unwrap();
    while !arena.over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(40 + u64::from(dice(160)))).await;
        let version = arena.version.fetch_add(1, Ordering::SeqCst) + 1;
        let all = dice(3) > 0;
        let days =
            if all { Days::default() } else { Days::read(Some("1970-01-15"), Some("1970-02-05")).unwrap() };
        let what = Invalidation { dataset: "orders".into(), tenant: None, days };
        let done = store.invalidate(&what).await.unwrap();
        arena.invalidated.fetch_add(done.chunks, Ordering::Relaxed);
        if all {
            arena.floor.store(version, Ordering::SeqCst);
        }
        store::dispatch::run(&store, &*arena.queue).await.unwrap();
    }
}

async fn sweeper(arena: Arc<Arena>) {
    let context = arena.context();
    while !arena.over.load(Ordering::Relaxed) {
        let report = sweep(&context).await;
        assert_eq!((report.failed_steps, report.repaired), (0, 0));
        assert_eq!(context.store.violations().await.unwrap(), []);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
