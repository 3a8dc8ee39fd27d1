//! Simulated workers on a dedicated store.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use export::id::{ChunkId, TenantId};
use export::plan::Reuse;
use export::usage::Usage;
use ports::objects::MemoryObjects;
use ports::queue::{MemoryQueue, Queue};
use store::{NewExport, Store};
use tests::Database;
use tokio::sync::Mutex;

use super::window::{self, Steps, Window};
use crate::fixture::{add_tenant, file, new_export, note, target};

const WORKERS: usize = 2;

/// Maximum number of chunks of one export.
const EXPORT: u64 = 10_000;

/// Lease in seconds. No worker dies here.
const LEASE_SECS: u32 = 60;

/// Pause of an idle worker. Only the last chunks of a run make one idle.
const IDLE_PAUSE: Duration = Duration::from_millis(1);

/// A store with two tenants.
pub(super) struct Sustained {
    database: Database,
    store: Store,
    tenants: Vec<TenantId>,
    accepted: u64,
    /// Chunks done by earlier calls.
    before: u64,
}

/// State shared by the workers.
struct Shared {
    queue: MemoryQueue,
    /// Messages taken from the queue and not processed yet.
    inbox: Mutex<Vec<ChunkId>>,
    objects: MemoryObjects,
    /// Chunks that are left in this window.
    left: AtomicI64,
}

impl Sustained {
    pub(super) async fn start() -> Self {
        // Lost workers are assumed to stop writing at once, so that finished rows can be removed within the test.
        let settings = [("budget", "2"), ("worker_timeout_secs", "0"), ("reuse_days", "0")];
        let database = Database::create(&settings).await.unwrap();
        database.run("create extension pg_stat_statements").await.unwrap();
        let store = Store::new(&database.url).unwrap();
        let tenants = vec![add_tenant(&store, "acme").await, add_tenant(&store, "other").await];
        Self { database, store, tenants, accepted: 0, before: 0 }
    }

    /// Accepts the given number of chunks and processes them. Returns the measurements of each of the `parts`.
    pub(super) async fn work(&mut self, chunks: u64, parts: u64) -> Vec<Window> {
        let mut left = chunks;
        while left > 0 {
            let (size, tenant) =
                (left.min(EXPORT), self.tenants[self.accepted as usize % self.tenants.len()].clone());
            let targets = vec![target(&tenant, &format!("d{}", self.accepted), 0, size as i64, size)];
            let new = NewExport { reuse: Reuse::Never, ..new_export(&tenant, targets) };
            self.store.accept(&new).await.unwrap();
            self.accepted += 1;
            left -= size;
        }
        let shared = Arc::new(Shared {
            queue: MemoryQueue::default(),
            inbox: Mutex::default(),
            objects: MemoryObjects::default(),
            left: AtomicI64::new(0),
        });
        store::dispatch::run(&self.store, &shared.queue as &dyn Queue).await.unwrap();
        let mut windows = Vec::new();
        window::print_head();
        for part in 0..parts {
            let size = chunks * (part + 1) / parts - chunks * part / parts;
            let window = self.part(&shared, size).await;
            window.print();
            windows.push(window);
        }
        let unfinished = "select count(*) from sluice.export where status in ('queued', 'running')";
        assert_eq!(self.database.number(unfinished).await.unwrap(), 0);
        windows
    }

    async fn part(&mut self, shared: &Arc<Shared>, chunks: u64) -> Window {
        self.database.reset_statements().await.unwrap();
        shared.left.store(chunks as i64, Ordering::SeqCst);
        let workers = (0..WORKERS)
            .map(|_| tokio::spawn(worker(Store::new(&self.database.url).unwrap(), shared.clone())));
        let mut steps = Steps::default();
        for done in futures::future::join_all(workers).await {
            steps.add(&done.unwrap());
        }
        assert_eq!(steps.chunks, chunks);
        self.before += chunks;
        // Thousandths, as whole numbers.
        let of = async |what: &str, like: &str| {
            let sum = format!(
                "select coalesce(sum({what}) * 1000, 0)::bigint from pg_stat_statements where dbid = (select oid from pg_database where datname = current_database()) and query like '{like}'"
            );
            self.database.number(&sum).await.unwrap() as f64 / 1000.0
        };
        let calls = of("calls", "%sluice.dispatch()%").await.max(1.0);
        Window {
            chunks: self.before,
            steps,
            server_ms_per_chunk: of("total_exec_time", "%").await / chunks as f64,
            dispatch_server_ms: of("total_exec_time", "%sluice.dispatch()%").await / calls,
            pages_per_chunk: of("shared_blks_hit + shared_blks_read", "%sluice.%").await / chunks as f64,
            store_bytes: self.bytes().await,
            process_bytes: resident_bytes(),
        }
    }

    /// Makes everything expire and sweeps until nothing of it is left.
    pub(super) async fn forget_all(&self) {
        self.database.run("update sluice.export set expires_at = clock_timestamp()").await.unwrap();
        for export in self.store.to_expire(100_000).await.unwrap() {
            assert!(self.store.expire(export).await.unwrap());
        }
        loop {
            let deleting: Vec<_> =
                self.store.deleting_chunks(1000).await.unwrap().into_iter().map(|d| d.chunk).collect();
            if deleting.is_empty() {
                break;
            }
            self.store.forget(&deleting).await.unwrap();
        }
        self.database
            .run("update sluice.export set expires_at = expires_at - interval '40 days'")
            .await
            .unwrap();
        self.store.prune(1000).await.unwrap();
        for table in ["export", "link", "chunk", "attempt", "missing", "selection"] {
            let rows = self.database.number(&format!("select count(*) from sluice.{table}")).await.unwrap();
            assert_eq!(rows, 0, "rows of {table} that no tenant can request");
        }
    }

    async fn bytes(&self) -> u64 {
        let sum = "select sum(pg_total_relation_size(c.oid))::bigint from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'sluice' and c.relkind = 'r'";
        self.database.number(sum).await.unwrap() as u64
    }

    /// Returns the bytes of the store after a vacuum, which autovacuum would run after a while.
    pub(super) async fn vacuumed_bytes(&self) -> u64 {
        let tables = [
            "export",
            "link",
            "chunk",
            "attempt",
            "selection",
            "export_turn",
            "tenant_turn",
            "turn_change",
            "litter",
        ];
        for table in tables {
            self.database.run(&format!("vacuum sluice.{table}")).await.unwrap();
        }
        self.bytes().await
    }
}

async fn worker(store: Store, shared: Arc<Shared>) -> Steps {
    let mut steps = Steps::default();
    while shared.left.fetch_sub(1, Ordering::SeqCst) > 0 {
        let chunk = next(&shared).await;
        let at = Instant::now();
        let attempt = store.lease(chunk, LEASE_SECS).await.unwrap().expect("the chunk was sent");
        let leased = at.elapsed();
        assert!(note(&store, &attempt).await);
        let noted = at.elapsed();
        let recorded = store.record(chunk, &file(attempt.number, 5), &Usage::default()).await.unwrap();
        let exports = recorded.expect("the attempt is the current one");
        let record = at.elapsed();
        for export in exports {
            store::finish::run(&store, &shared.objects, export).await.unwrap();
        }
        let finished = at.elapsed();
        store::dispatch::run(&store, &shared.queue as &dyn Queue).await.unwrap();
        let dispatched = at.elapsed();
        steps.add(&Steps {
            chunks: 1,
            lease: leased,
            note: noted - leased,
            record: record - noted,
            finish: finished - record,
            dispatch: dispatched - finished,
        });
    }
    steps
}

async fn next(shared: &Shared) -> ChunkId {
    loop {
        let mut inbox = shared.inbox.lock().await;
        if inbox.is_empty() {
            inbox.extend(shared.queue.take().into_iter().rev().map(|message| message.chunk));
        }
        if let Some(chunk) = inbox.pop() {
            return chunk;
        }
        drop(inbox);
        tokio::time::sleep(IDLE_PAUSE).await;
    }
}

fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * 4096
}
