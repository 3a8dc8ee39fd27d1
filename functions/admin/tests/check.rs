//! `check` with the stack that `SLUICE_STACK` names: each way in which the deployment can differ from its servers.

#![allow(clippy::unwrap_used, missing_docs)]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin::{Beside, CommandOutput, Context, Settings};
use ports::cache::RedisCache;
use ports::objects::{MemoryObjects, S3Objects};
use ports::postgres::capacity::{IdleConnections, IdleEnd};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{MemoryQueue, SqsQueue};
use ports::secret::{MemorySecret, SecretsManager};
use serde_json::{Value, json};
use store::{Store, StoredSettings};
use tokio::sync::{Mutex, MutexGuard};

/// Lock for checks. A check opens all sessions for a moment, so two at once would each find too few.
static CHECKING: Mutex<()> = Mutex::const_new(());

/// The stack as deployed by its template, for one test at a time.
struct Fixture {
    _alone: MutexGuard<'static, ()>,
    owner_url: String,
    source_url: String,
    store_url: String,
    queue_url: String,
    bucket: String,
    redis_url: String,
    stored: StoredSettings,
}

impl Fixture {
    async fn new() -> Option<Self> {
        let Ok(file) = std::env::var("SLUICE_STACK") else {
            eprintln!("skipped: SLUICE_STACK does not name a running stack's stack.json");
            return None;
        };
        let stack: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let url = |key: &str| stack[key].as_str().unwrap().to_owned();
        let kept = Store::new(&url("storeUrl")).unwrap().state().await.unwrap().settings;
        let number = |name: &str| kept[name].parse().unwrap();
        let stored = StoredSettings {
            budget: number("budget"),
            store_sessions: number("store_sessions"),
            worker_timeout_secs: number("worker_timeout_secs"),
            retention_hours: number("retention_hours"),
            reuse_days: number("reuse_days"),
            resend_secs: number("resend_secs"),
            max_active_exports: number("max_active_exports"),
            max_queued_exports: number("max_queued_exports"),
            max_kept_exports: number("max_kept_exports"),
            max_kept_chunks: number("max_kept_chunks"),
            max_kept_request_megabytes: number("max_kept_request_megabytes"),
            max_chunks_per_minute: number("max_chunks_per_minute"),
            max_rows_per_day: number("max_rows_per_day"),
            max_megabytes_per_day: number("max_megabytes_per_day"),
            max_database_seconds_per_day: number("max_database_seconds_per_day"),
            max_cut_minutes: number("max_cut_minutes"),
        };
        Some(Self {
            _alone: CHECKING.lock().await,
            owner_url: url("ownerUrl"),
            source_url: url("sourceUrl"),
            store_url: url("storeUrl"),
            queue_url: url("queueUrl"),
            bucket: url("bucket"),
            redis_url: url("redisUrl"),
            stored,
        })
    }

    /// Returns the result of `check` for a deployment with these settings and the same servers.
    async fn check(&self, stored: StoredSettings) -> CommandOutput {
        check(Settings { stored, ..self.settings() }, nothing_beside()).await
    }

    fn settings(&self) -> Settings {
        Settings {
            owner_url: None,
            source_url: self.source_url.clone(),
            store_url: self.store_url.clone(),
            owner_login: Login::default(),
            source_login: Login::default(),
            store_login: Login::default(),
            pooler: Pooler::Own,
            stored: self.stored,
            tokens: false,
            max_active_sessions: 0,
        }
    }
}

async fn check(settings: Settings, beside: Beside) -> CommandOutput {
    let context = Context::new(settings, beside).unwrap();
    admin::run(&context, json!({"command": "check"})).await
}

fn nothing_beside() -> Beside {
    let (objects, queue) = (Arc::new(MemoryObjects::default()), Arc::new(MemoryQueue::default()));
    Beside { objects, queue, deliveries: None, deliver_role: None, secret: None, cache: None }
}

#[track_caller]
fn says(answer: &CommandOutput, part: &str) {
    assert!(answer.text.contains(part), "{part:?} is not in:\n{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_roles_pools_and_the_server_are_compared() {
    let Some(fixture) = Fixture::new().await else { return };
    let (b, s) = (fixture.stored.budget, fixture.stored.store_sessions);
    let answer = fixture.check(fixture.stored).await;
    assert!(answer.ok, "{}", answer.text);
    says(&answer, &format!("budget {b} and store sessions {s}"));
    says(&answer, &format!("{b} sessions to the source can be open at the same time; the next one waits"));
    says(&answer, &format!("{s} sessions to the store can be open at the same time; the next one waits"));

    // A budget known only to the template: settings, role and pool still have the old one.
    let answer = fixture.check(StoredSettings { budget: b + 2, ..fixture.stored }).await;
    assert!(!answer.ok);
    says(
        &answer,
        &format!(
            "the session limit of sluice_source is {b} instead of {}; run `sluice admin migrate`",
            b + 2
        ),
    );
    says(
        &answer,
        &format!("budget is {b} in the store, {} in this deployment; run `sluice admin migrate`", b + 2),
    );
    says(
        &answer,
        &format!("only {b} of {} sessions to the source (Budget) can be open at the same time", b + 2),
    );
    says(&answer, "raise its pool for this role (PgBouncer: pool_size; RDS Proxy: MaxConnectionsPercent)");

    let answer = fixture.check(StoredSettings { store_sessions: s + 1, ..fixture.stored }).await;
    says(
        &answer,
        &format!("only {s} of {} sessions to the store (StoreSessions) can be open at the same time", s + 1),
    );

    // Less than the limits of role and pool: the budget is not enforced.
    let answer = fixture.check(StoredSettings { budget: b - 1, ..fixture.stored }).await;
    says(
        &answer,
        &format!(
            "more than {} sessions to the source (Budget) can be open at the same time: no limit is enforced",
            b - 1
        ),
    );

    let answer = fixture.check(StoredSettings { store_sessions: 60, ..fixture.stored }).await;
    says(
        &answer,
        &format!(
            "budget {b} and store sessions 60 plus 3 reserved sessions exceed max_connections (40); lower Budget or StoreSessions, or raise max_connections"
        ),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pooler_is_proved_by_idle_connections() {
    let Some(fixture) = Fixture::new().await else { return };
    let (b, s) = (fixture.stored.budget, fixture.stored.store_sessions);
    let through = async |pooler| check(Settings { pooler, ..fixture.settings() }, nothing_beside()).await;
    let answer = through(Pooler::Own).await;
    says(&answer, &format!("pooler: own, as deployed: {} idle connections to the store share", s + 1));
    let answer = through(Pooler::None).await;
    says(
        &answer,
        &format!("warn   pooler: Pooler=none, but {} idle connections to the store can be open", s + 1),
    );
    // Behind RDS Proxy the roles may have three times as many sessions.
    let answer = through(Pooler::Proxy).await;
    says(
        &answer,
        &format!(
            "the session limit of sluice_source is {b} instead of {}; run `sluice admin migrate`",
            3 * b
        ),
    );

    // Straight to the server, where each connection is a session. The roles of the stack have none left there.
    let role = format!("t_pooler_{}", std::process::id());
    let run = async |statement: String| {
        store::migrate(&fixture.owner_url, &Login::Password, &[statement]).await.unwrap()
    };
    run(format!("create role {role} login connection limit 3 password 'x'")).await;
    let (_, server) = fixture.owner_url.split_once('@').unwrap();
    let found = Store::new(&format!("postgres://{role}:x@{server}")).unwrap().idle_connections(4).await;
    run(format!("drop role {role}")).await;
    assert_eq!(found.unwrap(), IdleConnections { requested: 4, opened: 3, end: IdleEnd::NoSession });
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_queue_secret_and_cache_are_checked() {
    let Some(fixture) = Fixture::new().await else { return };
    let secret = MemorySecret::default();
    let beside = || Beside {
        objects: Arc::new(S3Objects::new(&fixture.bucket)),
        deliveries: None,
        deliver_role: None,
        queue: Arc::new(SqsQueue::new(&fixture.queue_url)),
        secret: Some(Arc::new(secret.clone())),
        cache: (!fixture.redis_url.is_empty()).then(|| RedisCache::new(&fixture.redis_url).unwrap()),
    };
    let answer = check(fixture.settings(), beside()).await;
    assert!(answer.ok, "{}", answer.text);
    says(&answer, "ok     queue: ");
    says(
        &answer,
        "warn   secret: no key is stored, so files are served from the bucket and not through the CDN; store domain",
    );
    if !fixture.redis_url.is_empty() {
        says(&answer, "ok     cache: the cache responds");
    }
    secret.put("{}");
    says(&check(fixture.settings(), beside()).await, "ok     secret: the key for signing links is stored");

    // All resources are unavailable. Everything works without the cache.
    let nowhere = unused_port();
    let gone = Beside {
        objects: Arc::new(S3Objects::new("sluice-no-such-bucket")),
        deliveries: None,
        deliver_role: None,
        queue: Arc::new(SqsQueue::new(format!("{}-gone", fixture.queue_url))),
        secret: Some(Arc::new(SecretsManager::new("sluice-no-such-secret"))),
        cache: Some(RedisCache::new(&format!("redis://127.0.0.1:{nowhere}")).unwrap()),
    };
    let answer = check(fixture.settings(), gone).await;
    assert!(!answer.ok);
    says(&answer, "error  queue: the queue could not be used: ");
    says(&answer, "redeploy the unmodified template");
    says(&answer, "error  bucket: could not list objects: the bucket does not exist");
    says(&answer, "the bucket no longer exists");
    says(&answer, "error  secret: reading the secret failed: ResourceNotFoundException");
    says(&answer, "the api works without the cache, but responds more slowly; check CacheUrl");
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_servers_are_reported_quickly() {
    let Some(fixture) = Fixture::new().await else { return };
    // The kernel accepts connections, but no data is ever sent, as on a network that drops packets.
    let (store, source) = (silent(), silent());
    let url = |listener: &TcpListener| {
        format!("postgres://sluice_store:secret@127.0.0.1:{}/shop", listener.local_addr().unwrap().port())
    };
    let settings = Settings { store_url: url(&store), source_url: url(&source), ..fixture.settings() };
    let begun = Instant::now();
    let answer = check(settings, nothing_beside()).await;
    // Far less than the 30 s of waiting for a session.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    for (what, listener) in [("store", &store), ("source", &source)] {
        let port = listener.local_addr().unwrap().port();
        says(
            &answer,
            &format!(
                "error  {what}: no response from 127.0.0.1:{port} within 4 s; allow the functions' security group"
            ),
        );
    }

    let nowhere = format!("postgres://a:b@127.0.0.1:{}/shop", unused_port());
    let answer = check(Settings { store_url: nowhere, ..fixture.settings() }, nothing_beside()).await;
    says(&answer, "connecting to 127.0.0.1:");
    says(&answer, "check host, port and sslmode of the URL");
    says(&answer, "ok     source: PostgreSQL");
}

fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

/// Returns a port on which no process listens: it was free a moment ago.
fn unused_port() -> u16 {
    silent().local_addr().unwrap().port()
}
