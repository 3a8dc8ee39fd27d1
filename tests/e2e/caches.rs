//! Caches of the api, with counted statements: processes of the api are separate routers with one store, with and
//! without Redis.

mod changes;
mod forged;
mod polled;
mod secrets;

use std::sync::Arc;
use std::time::Duration;

use api::{Context, Settings, Shared};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use export::id::{ExportId, TenantId};
use ports::cache::{Cache, LayeredCache, MemoryCache, MemoryLimits, RedisCache, SealSecret, SealedCache};
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use store::{Applied, Store};
use tests::{Database, Redis, Statements};
use tower::ServiceExt;

use crate::fixture::{add_tenant, drain, new_export, target};

/// Time for which keys are cached in these tests. A change may stay unseen by other processes for as long.
const KEYS: Duration = Duration::from_secs(1);

/// The secret of a deployment, which these tests know without querying the store.
struct Known;

#[async_trait::async_trait]
impl SealSecret for Known {
    async fn secret(&self) -> Option<[u8; 32]> {
        Some([7; 32])
    }
}

/// A store with a tenant and its key.
pub(crate) struct World {
    pub(crate) database: Database,
    pub(crate) store: Store,
    pub(crate) statements: Statements,
    pub(crate) tenant: TenantId,
    pub(crate) key: String,
    objects: MemoryObjects,
}

/// One process of the api.
pub(crate) struct Process {
    pub(crate) router: Router,
    key: String,
    pub(crate) cache: Arc<dyn Cache>,
    /// Held during a request: an environment of the function handles one at a time.
    busy: tokio::sync::Mutex<()>,
}

/// Response of a process.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) etag: String,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let database = Database::create(&[("budget", "2")]).await.unwrap();
        let statements = Statements::of(&database).await.unwrap();
        let store = Store::new(&database.url).unwrap();
        let tenant = add_tenant(&store, "acme").await;
        let key = store.create_key(&tenant, "test").await.unwrap();
        let applied = Applied {
            revision_id: "r".into(),
            revision: Default::default(),
            estimates: Default::default(),
            source: "test".into(),
        };
        store.apply_catalog(&applied).await.unwrap();
        Self { database, store, statements, tenant, key, objects: MemoryObjects::default() }
    }

    /// Returns a process with empty caches.
    pub(crate) fn process(&self, redis: Option<&Redis>) -> Process {
        let memory = Arc::new(MemoryCache::new(MemoryLimits::default()));
        let cache: Arc<dyn Cache> = match redis {
            Some(redis) => {
                let redis = Arc::new(RedisCache::new(&redis.url).unwrap());
                Arc::new(LayeredCache::new(memory, Arc::new(SealedCache::new(redis, Arc::new(Known)))))
            }
            None => memory,
        };
        self.process_with(cache)
    }

    /// Returns a process that reads through `cache`.
    pub(crate) fn process_with(&self, cache: Arc<dyn Cache>) -> Process {
        // Each process has its own store and thus its own connection.
        let store = Store::new(&self.database.url).unwrap();
        let settings =
            Settings { cache_for: KEYS, tenant_requests_per_second: 0, ..Settings::from_env().unwrap() };
        let (queue, objects) = (Arc::new(MemoryQueue::default()), Arc::new(self.objects.clone()));
        let context = Context::new(store, queue, objects, Shared::new(cache.clone(), "caches"), settings);
        Process {
            router: api::service(context),
            key: self.key.clone(),
            cache,
            busy: tokio::sync::Mutex::default(),
        }
    }

    /// Creates an export of four files that has succeeded.
    pub(crate) async fn succeeded(&self) -> ExportId {
        let new = new_export(&self.tenant, vec![target(&self.tenant, "orders", 0, 100, 4)]);
        self.store.accept(&new).await.unwrap();
        drain(&self.store).await;
        store::finish::run(&self.store, &self.objects, new.id).await.unwrap();
        new.id
    }

    /// Returns the paths of everything shown of an export, including one of its files.
    pub(crate) async fn paths(&self, process: &Process, id: ExportId) -> Vec<String> {
        let files = process.get(&format!("/exports/{id}/files")).await;
        let files: serde_json::Value = serde_json::from_str(&files.body).unwrap();
        let file = files["files"][0]["name"].as_str().unwrap();
        [
            "",
            "/files",
            "/files?limit=2",
            "/files?links=true",
            "/chunks",
            "/manifest",
            &format!("/files/{file}"),
        ]
        .map(|rest| format!("/exports/{id}{rest}"))
        .into()
    }
}

impl Process {
    pub(crate) async fn get(&self, path: &str) -> ApiResponse {
        self.send("GET", path, None).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, known: Option<&str>) -> ApiResponse {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header("authorization", format!("Bearer {}", self.key));
        if let Some(known) = known {
            request = request.header("if-none-match", known);
        }
        let _turn = self.busy.lock().await;
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
        let text = |headers: &HeaderMap, name: &str| {
            headers.get(name).map_or("", |v| v.to_str().unwrap()).to_owned()
        };
        ApiResponse {
            status: parts.status.as_u16(),
            etag: text(&parts.headers, "etag"),
            location: text(&parts.headers, "location"),
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}
