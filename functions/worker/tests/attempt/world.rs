//! Test environment: store and source in their own database, bucket and queue in memory.

use std::io::Read as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use export::attempt::Attempt;
use export::catalog::{From, RangeColumn};
use export::column::{Column, ColumnType};
use export::estimate::{DatasetEstimate, Size};
use export::format::{Compression, CsvOptions, Output};
use export::id::{ChunkId, ExportId, TenantId, hex};
use export::layout::Hive;
use export::load::LoadLimits;
use export::plan::Reuse;
use export::range::{Range, RangeKind, Span};
use export::request::Target;
use export::selection::Selection;
use ports::objects::{MemoryObjects, Objects};
use ports::postgres::login::Login;
use ports::queue::MemoryQueue;
use ports::random;
use sha2::{Digest, Sha256};
use source::{Described, Source};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use store::{NewExport, PlanLimits, Store};
use worker::{Context, Deadline, Lease, Sizes};

/// 2024-01-01, and the number of days in the dataset.
pub(crate) const FIRST_DAY: i64 = 19_723;
pub(crate) const DAYS: i64 = 100;

/// Maximum wait for an expected event.
pub(crate) const EVENT_TIMEOUT: Duration = Duration::from_secs(240);

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) server: String,
    database: String,
    owner: PgConnection,
    pub(crate) ctx: Arc<Context>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) bucket: MemoryObjects,
    /// Layout of the exports to accept.
    pub(crate) hive: Option<Hive>,
}

/// Another connection to the same database.
pub(crate) struct Fresh(PgConnection);

impl Fresh {
    pub(crate) async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await.unwrap();
    }

    /// Waits until the query returns true.
    pub(crate) async fn until(&mut self, question: &str) {
        let give_up = Instant::now() + EVENT_TIMEOUT;
        loop {
            let asked = sqlx::query(AssertSqlSafe(question.to_owned())).fetch_one(&mut self.0).await;
            if asked.unwrap().get::<bool, _>(0) {
                return;
            }
            assert!(Instant::now() < give_up, "it does not come to {question}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

pub(crate) fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

pub(crate) fn selection(table: &str) -> Selection {
    Selection {
        dataset: table.into(),
        from: From::Relation { schema: "public".into(), name: table.into() },
        columns: vec![
            Column::native("id", 20, ColumnType::Int8),
            Column::native("day", 1082, ColumnType::Date),
            Column::native("pad", 25, ColumnType::Text),
        ],
        range_column: Some(RangeColumn {
            name: "day".into(),
            kind: RangeKind::Date,
            time_zone: Some("UTC".into()),
            include_nulls: false,
        }),
        output: Output { compression: Compression::None, csv: CsvOptions::default(), ..Output::default() },
        ..Selection::example()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

impl World {
    pub(crate) async fn start(name: &str) -> Option<Self> {
        let Ok(path) = std::env::var("SLUICE_STACK") else {
            println!("skipped: SLUICE_STACK is not set");
            return None;
        };
        let mut json = String::new();
        std::fs::File::open(path).unwrap().read_to_string(&mut json).unwrap();
        let stack: serde_json::Value = serde_json::from_str(&json).unwrap();
        let server = stack["ownerUrl"].as_str().unwrap().to_owned();
        let database = format!("sluice_worker_{name}");
        let mut admin = PgConnection::connect(&server).await.unwrap();
        for sql in [
            format!("drop database if exists {database} with (force)"),
            format!("create database {database}"),
        ] {
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        }
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{database}");
        let settings =
            "insert into sluice.setting (name, value) values ('budget', '2') on conflict do nothing";
        store::migrate(&url, &Login::Password, &[settings.to_owned()]).await.unwrap();
        let (queue, bucket) = (Arc::new(MemoryQueue::default()), MemoryObjects::default());
        let ctx = Arc::new(Context {
            store: Store::new(&url).unwrap(),
            source: Source::new(&url).unwrap(),
            queue: queue.clone(),
            deliveries: None,
            objects: Arc::new(bucket.clone()),
            lease: Lease { lease_secs: 60, renew_secs: 15 },
            sizes: Sizes { target_bytes: 256 << 20, split_bytes: 1 << 30 },
            load: LoadLimits::default(),
            threads: 2,
        });
        let owner = PgConnection::connect(&url).await.unwrap();
        let mut world = Self { url, server, database, owner, ctx, queue, bucket, hive: None };
        world
            .run(
                "insert into sluice.tenant (id) values ('acme');
                 create table t (id int8, day date, pad text);
                 insert into t select g, date '2024-01-01' + g % 100, 'x' from generate_series(1, 1000) g",
            )
            .await;
        Some(world)
    }

    pub(crate) async fn end(self) {
        drop(self.ctx);
        let _ = self.owner.close().await;
        let mut admin = PgConnection::connect(&self.server).await.unwrap();
        let sql = format!("drop database {} with (force)", self.database);
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.owner).await.unwrap();
    }

    /// Returns one value as text.
    pub(crate) async fn one(&mut self, sql: &str) -> String {
        let sql = format!("select coalesce(({sql})::text, '')");
        sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut self.owner).await.unwrap().get(0)
    }

    /// Returns the plan of the query by which a span is read.
    pub(crate) async fn explain(&mut self, selection: &Selection, span: Span) -> String {
        let copy = source::sql::copy_sql(selection, &Range::Span(span), &tenant());
        let query = copy.trim_start_matches("copy (").trim_end_matches(") to stdout (format binary)");
        let lines = sqlx::query(AssertSqlSafe(format!("explain {query}"))).fetch_all(&mut self.owner).await;
        lines.unwrap().iter().map(|line| line.get::<String, _>(0) + "\n").collect()
    }

    /// Returns the watermark of the only dataset of an export that has succeeded.
    pub(crate) async fn watermark(&mut self, export: ExportId) -> Option<String> {
        let key = self.one(&format!("select manifest_key from sluice.export where id = '{export}'")).await;
        let manifest: serde_json::Value =
            serde_json::from_slice(&self.bucket.object(&key).expect("a manifest").0).unwrap();
        manifest["datasets"][0]["watermark"].as_str().map(Into::into)
    }

    /// Returns the description reported by the source, read as `user`.
    pub(crate) async fn describe(&self, selection: &Selection, user: Option<&str>) -> Described {
        let url = match user {
            Some(user) => {
                let (_, place) = self.url.split_once('@').unwrap();
                format!("postgres://{user}:{user}@{place}")
            }
            None => self.url.clone(),
        };
        let session = Source::new(&url).unwrap().session(EVENT_TIMEOUT).await.unwrap();
        session.describe(selection).await.unwrap()
    }

    pub(crate) async fn fresh(&self) -> Fresh {
        Fresh(PgConnection::connect(&self.url).await.unwrap())
    }

    /// Returns the same settings with connections of their own.
    pub(crate) fn context(&self) -> Context {
        Context {
            store: Store::new(&self.url).unwrap(),
            source: Source::new(&self.url).unwrap(),
            queue: self.ctx.queue.clone(),
            deliveries: None,
            objects: self.ctx.objects.clone(),
            lease: self.ctx.lease,
            sizes: self.ctx.sizes,
            load: self.ctx.load,
            threads: self.ctx.threads,
        }
    }

    /// Returns the settings, before any worker runs.
    fn settings(&mut self) -> &mut Context {
        Arc::get_mut(&mut self.ctx).expect("no worker runs")
    }

    pub(crate) fn sizes(&mut self, target_bytes: u64, split_bytes: u64) {
        self.settings().sizes = Sizes { target_bytes, split_bytes };
    }

    pub(crate) fn lease_secs(&mut self, lease_secs: u32, renew_secs: u32) {
        self.settings().lease = Lease { lease_secs, renew_secs };
    }

    pub(crate) fn load(&mut self, load: LoadLimits) {
        self.settings().load = load;
    }

    /// Dispatches due chunks.
    pub(crate) async fn dispatch(&self) {
        store::dispatch::run(&self.ctx.store, &*self.queue).await.unwrap();
    }

    /// Accepts an export of one dataset, planned as one chunk of `planned_bytes`.
    pub(crate) async fn accept(&mut self, selection: Selection, planned_bytes: u64) -> ExportId {
        let span = Span { kind: RangeKind::Date, start: FIRST_DAY, end: FIRST_DAY + DAYS };
        self.accept_span(selection, span, Reuse::Never, planned_bytes).await
    }

    /// Accepts an export of a span of one dataset, planned as one chunk of `planned_bytes`.
    pub(crate) async fn accept_span(
        &mut self,
        selection: Selection,
        span: Span,
        reuse: Reuse,
        planned_bytes: u64,
    ) -> ExportId {
        self.accept_all(vec![selection], span, reuse, planned_bytes, serde_json::json!({})).await
    }

    /// Accepts an export of a span of some datasets, each planned as one chunk of `planned_bytes`.
    pub(crate) async fn accept_all(
        &mut self,
        selections: Vec<Selection>,
        span: Span,
        reuse: Reuse,
        planned_bytes: u64,
        request: serde_json::Value,
    ) -> ExportId {
        let total = Size { rows: 1, bytes: planned_bytes };
        let estimate = DatasetEstimate { total, indexed: true, ..Default::default() };
        let target = |selection: Selection| Target {
            fingerprint: selection.fingerprint(&tenant(), "test"),
            span: selection.range_column.is_some().then_some(span),
            selection,
            hive: self.hive,
            estimate: estimate.clone(),
        };
        let limits = PlanLimits { target_bytes: 1 << 40, max_chunks: 1_000 };
        self.accept_targets(selections.into_iter().map(target).collect(), reuse, limits, request).await
    }

    /// Accepts an export of these targets.
    pub(crate) async fn accept_targets(
        &mut self,
        targets: Vec<Target>,
        reuse: Reuse,
        limits: PlanLimits,
        request: serde_json::Value,
    ) -> ExportId {
        let id = ExportId::from_random(random::bytes());
        let new = NewExport {
            id,
            tenant: tenant(),
            request,
            revision_id: "test".into(),
            targets,
            reuse,
            idempotency: None,
            limits,
            deadline_secs: 3_600,
            traceparent: None,
        };
        self.ctx.store.accept(&new).await.unwrap();
        store::dispatch::run(&self.ctx.store, &*self.queue).await.unwrap();
        id
    }

    /// Leases the only chunk that was sent.
    pub(crate) async fn lease(&self) -> Attempt {
        let [message] = self.queue.take()[..] else { panic!("one message") };
        self.lease_of(message.chunk).await
    }

    /// Leases a chunk that is in state `sent`.
    pub(crate) async fn lease_of(&self, chunk: ChunkId) -> Attempt {
        self.ctx.store.lease(chunk, self.ctx.lease.lease_secs).await.unwrap().unwrap()
    }

    pub(crate) async fn attempt(&self, attempt: &Attempt) {
        self.attempt_within(attempt, Duration::from_secs(300)).await;
    }

    pub(crate) async fn attempt_within(&self, attempt: &Attempt, left: Duration) {
        worker::run(&self.ctx, attempt, Deadline { begun: Instant::now(), left }).await;
    }

    /// Handles messages until none is left.
    pub(crate) async fn drain(&self) {
        loop {
            let messages = self.queue.take();
            if messages.is_empty() {
                return;
            }
            for message in messages {
                let leased = self.ctx.store.lease(message.chunk, self.ctx.lease.lease_secs).await.unwrap();
                if let Some(attempt) = leased {
                    self.attempt(&attempt).await;
                }
            }
        }
    }

    pub(crate) async fn status(&mut self, export: ExportId) -> String {
        self.one(&format!("select status from sluice.export where id = '{export}'")).await
    }

    /// Returns all file objects in the bucket.
    pub(crate) fn files(&self) -> Vec<(String, bytes::Bytes)> {
        let page = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(self.bucket.list("t/acme/c/", None))
        })
        .unwrap();
        page.keys.into_iter().map(|key| (key.clone(), self.bucket.object(&key).unwrap().0)).collect()
    }

    /// Returns the first column of all rows of all files, sorted.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let mut ids = Vec::new();
        for (_, body) in self.files() {
            let text = String::from_utf8(body.to_vec()).unwrap();
            assert!(text.starts_with("id,day,pad\n"));
            ids.extend(text.lines().skip(1).map(|l| l.split(',').next().unwrap().parse::<u64>().unwrap()));
        }
        ids.sort_unstable();
        ids
    }
}
