//! The whole system on the stack, with the data and the catalog of these tests.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use client::Client;
use export::id::{ExportId, hex};
use export::state::ExportStatus;
use export::wire::Export;
use ports::objects::S3Objects;
use ports::queue::SqsQueue;
use ports::random;
use serde_json::Value;
use source::Source;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};
use store::Store;
use tokio::sync::OnceCell;

use crate::{EVENT_TIMEOUT, Exported, Stack};

const ORDERS: &str = include_str!("../bench/orders.sql");
const SCHEMA: &str = include_str!("../data/schema.sql");
const CATALOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/catalog.toml");

/// Rows of `orders`.
const ORDERS_ROWS: u64 = 1_000_000;

/// The system under test.
#[derive(Clone, Debug)]
pub struct System {
    /// The running stack.
    pub stack: Stack,
    /// A client of tenant `demo`.
    pub client: Client,
}

static SYSTEM: OnceCell<System> = OnceCell::const_new();

impl System {
    /// Returns the system. Its data is loaded at the first call.
    ///
    /// # Panics
    /// If there is no stack or the data cannot be loaded: every test would fail for the same reason.
    pub async fn get() -> &'static Self {
        SYSTEM.get_or_init(|| async { Self::prepare().await.expect("the test system is ready") }).await
    }

    async fn prepare() -> Result<Self> {
        let stack = Stack::from_env()?;
        let mut owner = PgConnection::connect(&stack.owner_url).await?;
        let there: bool =
            sqlx::query_scalar("select to_regclass('e2e.whole') is not null").fetch_one(&mut owner).await?;
        if !there {
            // The generator is written for psql: its variables and its meta command are not SQL.
            let orders = ORDERS.replace(" :n", &format!(" {ORDERS_ROWS}")).replace(" :m", " 10");
            let orders: String =
                orders.lines().filter(|l| !l.starts_with('\\')).map(|l| format!("{l}\n")).collect();
            for statement in split_statements(&orders) {
                owner.execute(AssertSqlSafe(statement)).await?;
            }
            owner.execute("alter table public.orders add primary key using index orders_pkey").await?;
            owner.execute(SCHEMA).await?;
        }
        owner.close().await?;
        let client = Client::new(&stack.url, Some(&stack.key))?;
        let system = Self { stack, client };
        system.x(&["admin", "catalog", "apply", CATALOG])?;
        Ok(system)
    }

    /// Runs `cargo x` on this stack and returns its output.
    ///
    /// # Errors
    /// If it fails.
    pub fn x(&self, words: &[&str]) -> Result<String> {
        let program =
            std::env::var("SLUICE_X").context("SLUICE_X is not set: run the tests with `cargo x test`")?;
        let output = Command::new(program)
            .arg(words[0])
            .args(["--name", &self.stack.name])
            .args(&words[1..])
            .output()?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "cargo x {} failed: {said}{}",
            words.join(" "),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(said)
    }

    /// Returns the store, through the pooler.
    ///
    /// # Panics
    /// If the stack's URL is malformed.
    pub fn store(&self) -> Store {
        Store::new(&self.stack.store_url).expect("the stack's URL")
    }

    /// Returns the bucket.
    pub fn objects(&self) -> S3Objects {
        S3Objects::new(&self.stack.bucket)
    }

    /// Returns the sweeper's context, for sweeps in this process.
    pub fn sweeper(&self) -> sweeper::Context {
        let queue = Arc::new(SqsQueue::new(&self.stack.queue_url));
        let source = Source::new(&self.stack.source_url).expect("the stack's URL");
        // Only the test of estimates refreshes them. Elsewhere they would read the source between two counts.
        let (objects, estimates_secs) = (Arc::new(self.objects()), u32::MAX);
        let deliveries = Arc::new(SqsQueue::new(&self.stack.delivery_queue_url));
        sweeper::Context {
            store: self.store(),
            queue,
            deliveries: Some(deliveries),
            bus: None,
            objects,
            source,
            estimates_secs,
            run_terms: Default::default(),
        }
    }

    /// Runs statements as the owner.
    ///
    /// # Errors
    /// The server's.
    pub async fn run(&self, statements: &str) -> Result<()> {
        let mut owner = PgConnection::connect(&self.stack.owner_url).await?;
        owner.execute(AssertSqlSafe(statements.to_owned())).await?;
        owner.close().await?;
        Ok(())
    }

    /// Returns the single number of a query's result.
    ///
    /// # Errors
    /// The server's.
    pub async fn number(&self, query: &str) -> Result<i64> {
        let mut owner = PgConnection::connect(&self.stack.owner_url).await?;
        let number = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut owner).await?;
        owner.close().await?;
        Ok(number)
    }

    /// Returns the texts of a query's only column.
    ///
    /// # Errors
    /// The server's.
    pub async fn texts(&self, query: &str) -> Result<Vec<String>> {
        let mut owner = PgConnection::connect(&self.stack.owner_url).await?;
        let texts = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&mut owner).await?;
        owner.close().await?;
        Ok(texts)
    }

    /// Submits a request under a new idempotency key.
    ///
    /// # Errors
    /// If it is rejected.
    pub async fn submit(&self, request: &Value) -> Result<ExportId> {
        Ok(self.client.submit(request, &hex(&random::bytes::<8>())).await?.export.id)
    }

    /// Waits until an export has ended.
    ///
    /// # Errors
    /// If it does not end.
    pub async fn wait(&self, id: ExportId) -> Result<Export> {
        let give_up = Instant::now() + EVENT_TIMEOUT;
        loop {
            let export = self.client.export(id).await?;
            if !matches!(export.status, ExportStatus::Queued | ExportStatus::Running) {
                return Ok(export);
            }
            if Instant::now() > give_up {
                bail!("{id} does not end: {export:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits for success, downloads and verifies.
    ///
    /// # Errors
    /// If it does not succeed or its files differ from the manifest.
    pub async fn fetch(&self, id: ExportId) -> Result<Exported> {
        let export = self.wait(id).await?;
        ensure!(export.status == ExportStatus::Succeeded, "{id} is {}: {:?}", export.status, export.errors);
        Exported::download(&self.client, id).await
    }

    /// Runs a whole export: submits, waits, downloads, verifies.
    ///
    /// # Errors
    /// If anything fails on the way.
    pub async fn export(&self, request: &Value) -> Result<Exported> {
        self.fetch(self.submit(request).await?).await
    }

    /// Returns the pids of the processes of one of this stack's functions: `api`, `worker`, `sweeper`.
    ///
    /// # Errors
    /// If /proc cannot be read.
    pub fn processes(&self, function: &str) -> Result<Vec<u32>> {
        let (function, bucket) = (
            format!("AWS_LAMBDA_FUNCTION_NAME={}", self.stack.functions[function]),
            format!("SLUICE_BUCKET={}", self.stack.bucket),
        );
        let mut pids = Vec::new();
        for entry in std::fs::read_dir("/proc")? {
            let path: PathBuf = entry?.path();
            let Some(pid) = path.file_name().and_then(|n| n.to_str()).and_then(|n| n.parse().ok()) else {
                continue;
            };
            // A process may end while it is checked.
            let Ok(environment) = std::fs::read(path.join("environ")) else { continue };
            let has = |wanted: &str| environment.split(|b| *b == 0).any(|v| v == wanted.as_bytes());
            if has(&function) && has(&bucket) {
                pids.push(pid);
            }
        }
        Ok(pids)
    }
}

/// Splits at semicolons that end a line. The generator has no others.
fn split_statements(text: &str) -> Vec<String> {
    let mut statements = vec![String::new()];
    for line in text.lines() {
        if let Some(last) = statements.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
        if line.split("--").next().unwrap_or_default().trim_end().ends_with(';') {
            statements.push(String::new());
        }
    }
    statements.into_iter().filter(|s| !s.trim().is_empty()).collect()
}
