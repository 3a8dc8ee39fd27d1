//! State that lives as long as the process: ports, settings and caches.

use std::sync::Arc;
use std::time::Duration;

use export::defaults;
use export::request::Limits;
use ports::config::{self, ConfigError};
use ports::fault::Faults;
use ports::links::{Cdn, SecretsManager};
use ports::login::Login;
use ports::objects::{Objects, S3Objects};
use ports::queue::{Queue, SqsQueue};
use ports::store::Store;

use crate::auth::Auth;
use crate::caches::{Catalogs, Keys, Report, Shared};
use crate::layers::Rates;
use crate::refusal::Refusal;

/// State shared by all requests. Clones are cheap.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

/// Contents of a [`Context`].
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) objects: Arc<dyn Objects>,
    /// CDN that serves the files. `None`: files are served directly from the storage.
    pub(crate) cdn: Option<Cdn>,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) catalogs: Catalogs,
    pub(crate) shared: Shared,
    pub(crate) report: Report,
    pub(crate) rates: Rates,
}

/// Settings of the api. The README has the table of variables.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Authentication of callers.
    pub auth: Auth,
    /// Lifetime of a link to an object, in seconds.
    pub link_secs: u32,
    /// Seconds after acceptance at which an export ends in any case.
    pub deadline_secs: u32,
    /// Target size of a chunk in bytes of binary COPY.
    pub target_bytes: u64,
    /// Maximum number of chunks of an export.
    pub max_chunks: usize,
    /// Memory of a worker in MB. The cost of a plan is computed from it.
    pub worker_memory_mb: u32,
    /// Limits on the size of a request.
    pub limits: Limits,
    /// Lifetime of the cached catalog. Keys are cached for the same time, at most 5 s.
    pub cache_for: Duration,
    /// Maximum requests per second of one tenant to one process; zero means no limit.
    pub tenant_requests_per_second: u32,
}

/// Maximum lifetime of the cached catalog in seconds. Keys are cached for less.
const LONGEST_CACHE_SECS: u64 = 30;

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// If a variable is set and cannot be parsed.
    pub fn from_env() -> Result<Self, ConfigError> {
        let limits = Limits::default();
        Ok(Self {
            auth: Auth::from_env()?,
            link_secs: config::number("SLUICE_LINK_SECS", 900)?,
            deadline_secs: config::number("SLUICE_DEADLINE_HOURS", defaults::DEADLINE_HOURS)?
                .saturating_mul(3600),
            target_bytes: config::number("SLUICE_TARGET_BYTES", defaults::TARGET_BYTES)?,
            max_chunks: config::number("SLUICE_MAX_CHUNKS", defaults::MAX_CHUNKS)?,
            worker_memory_mb: config::number("SLUICE_WORKER_MEMORY_MB", defaults::WORKER_MEMORY_MB)?,
            limits: Limits { datasets: config::number("SLUICE_MAX_DATASETS", limits.datasets)?, ..limits },
            cache_for: Duration::from_secs(
                config::number("SLUICE_CACHE_SECS", LONGEST_CACHE_SECS)?.min(LONGEST_CACHE_SECS),
            ),
            tenant_requests_per_second: config::number("SLUICE_TENANT_REQUESTS_PER_SECOND", 100)?,
        })
    }
}

impl Context {
    /// Builds the production context from the environment. Connections are opened on first use.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let faults = Faults::from_env();
        let login = Login::read(config::optional("SLUICE_DATABASE_AUTH").as_deref())?;
        let store =
            Store::new(&config::required("SLUICE_STORE_URL")?)?.with_login(login).with_faults(&faults);
        let queue_url = config::required("SLUICE_QUEUE_URL")?;
        let bucket = config::required("SLUICE_BUCKET")?;
        let deployment = config::required("SLUICE_DEPLOYMENT")?;
        let shared = Shared::layers(config::optional("SLUICE_CACHE_URL").as_deref(), &deployment, &store)?;
        let settings = Settings::from_env()?;
        let queue = faults.queue(Arc::new(SqsQueue::new(queue_url)));
        let objects = faults.objects(Arc::new(S3Objects::new(bucket)));
        let cdn = config::optional("SLUICE_CDN_SECRET").map(|id| Cdn::new(SecretsManager::new(id)));
        Ok(Self::build(store, queue, objects, cdn, shared, settings))
    }

    /// Builds a context from its parts, without a CDN.
    pub fn new(
        store: Store,
        queue: Arc<dyn Queue>,
        objects: Arc<dyn Objects>,
        shared: Shared,
        settings: Settings,
    ) -> Self {
        Self::build(store, queue, objects, None, shared, settings)
    }

    pub(crate) fn build(
        store: Store,
        queue: Arc<dyn Queue>,
        objects: Arc<dyn Objects>,
        cdn: Option<Cdn>,
        shared: Shared,
        settings: Settings,
    ) -> Self {
        let keys = Keys::new(settings.cache_for);
        let catalogs = Catalogs::new(settings.cache_for, shared.clone());
        let report = Report::new();
        let rates = Rates::new(settings.tenant_requests_per_second);
        Self(Arc::new(Inner { store, queue, objects, cdn, settings, keys, catalogs, shared, report, rates }))
    }
}

impl Inner {
    /// Returns a link to one object, valid for [`Settings::link_secs`]. Links are created per call and never stored.
    ///
    /// The link uses the CDN if there is one that can sign it, and the storage otherwise.
    pub(crate) async fn link(&self, key: &str, download_name: &str) -> Result<String, Refusal> {
        if let Some(cdn) = &self.cdn
            && let Some(link) = cdn.link(key, self.settings.link_secs).await
        {
            return Ok(link);
        }
        let link = self.objects.presign_get(key, self.settings.link_secs, Some(download_name)).await;
        link.map_err(|error| Refusal::hide(&error))
    }
}

impl std::ops::Deref for Context {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use ports::links::MemorySecret;
    use ports::objects::MemoryObjects;
    use ports::queue::MemoryQueue;

    use super::*;

    #[tokio::test]
    async fn links_use_the_cdn_when_it_can_sign() {
        let secret = MemorySecret::default();
        let made = |cdn| {
            let store = Store::new("postgres://nobody:secret@127.0.0.1:1/none").unwrap();
            let shared = Shared::layers(None, "test", &store).unwrap();
            Context::build(
                store,
                Arc::new(MemoryQueue::default()),
                Arc::new(MemoryObjects::default()),
                cdn,
                shared,
                Settings::from_env().unwrap(),
            )
        };
        let link = async |context: Context| context.link("t/acme/c/1.csv", "orders.csv").await.ok().unwrap();
        assert!(link(made(None)).await.starts_with("memory:///t/acme/c/1.csv?secs=900"));
        let empty = made(Some(Cdn::new(secret.clone())));
        assert!(link(empty).await.starts_with("memory:///"), "an empty secret");

        let key = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        let key =
            Command::new("openssl").args(key).output().expect("this test needs the command openssl").stdout;
        let key = serde_json::json!({"domain": "files.example.com", "keyPairId": "K1", "privateKey": String::from_utf8(key).unwrap()});
        secret.put(key.to_string());
        let signed = link(made(Some(Cdn::new(secret)))).await;
        assert!(signed.starts_with("https://files.example.com/t/acme/c/1.csv?Expires="), "{signed}");
        assert!(signed.contains("&Key-Pair-Id=K1"));
    }
}
