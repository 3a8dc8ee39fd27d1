//! State that lives as long as the process: ports, settings and caches, wired to each other.

use std::sync::Arc;

use ports::config;
use ports::fault::Faults;
use ports::links::Cdn;
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{Queue, SqsQueue};
use ports::secret::SecretsManager;
use store::Store;

use crate::caches::{Catalogs, CounterEmitter, Keys, Shared};
use crate::origin::Origin;
use crate::rate_limit::RateLimits;
use crate::settings::Settings;

/// State shared by all requests. Clones are cheap.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

/// Contents of a [`Context`].
pub struct Inner {
    pub(crate) store: Store,
    pub(crate) queue: Arc<dyn Queue>,
    /// Queue of deliveries; `None` if there is none, and then the sweeper sends them.
    pub(crate) deliveries: Option<Arc<dyn Queue>>,
    pub(crate) objects: Arc<dyn Objects>,
    /// CDN that serves the files. `None`: files are served directly from the storage.
    pub(crate) cdn: Option<Cdn>,
    /// Check of the header that CloudFront adds. `None`: requests may come from anywhere.
    pub(crate) origin: Option<Origin>,
    pub(crate) settings: Settings,
    pub(crate) keys: Keys,
    pub(crate) catalogs: Catalogs,
    pub(crate) shared: Shared,
    pub(crate) report: CounterEmitter,
    pub(crate) rates: RateLimits,
}

/// Resources that a deployment may lack.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) cdn: Option<Cdn>,
    pub(crate) origin: Option<Origin>,
    pub(crate) deliveries: Option<Arc<dyn Queue>>,
}

impl Context {
    /// Builds the production context from the environment. Connections are opened on first use.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let faults = Faults::from_env();
        let pooler = Pooler::read(config::optional("SLUICE_POOLER").as_deref())?;
        let store = Store::new(&config::required("SLUICE_STORE_URL")?)?
            .with_login(Login::from_env("SLUICE_STORE_SECRET")?)
            .with_pooler(pooler)
            .with_faults(&faults);
        let queue_url = config::required("SLUICE_QUEUE_URL")?;
        let bucket = config::required("SLUICE_BUCKET")?;
        let deployment = config::required("SLUICE_DEPLOYMENT")?;
        let shared = Shared::layers(config::optional("SLUICE_CACHE_URL").as_deref(), &deployment, &store)?;
        let settings = Settings::from_env()?;
        let queue = faults.queue(Arc::new(SqsQueue::new(queue_url)));
        let objects = faults.objects(Arc::new(S3Objects::new(bucket)));
        let cdn = config::optional("SLUICE_CDN_SECRET").map(|id| Cdn::new(SecretsManager::new(id)));
        let origin = config::optional("SLUICE_ORIGIN_SECRET").map(|id| Origin::new(SecretsManager::new(id)));
        let deliveries = config::optional("SLUICE_DELIVERY_QUEUE_URL")
            .map(|url| faults.queue(Arc::new(SqsQueue::new(url))));
        let beside = Beside { cdn, origin, deliveries };
        Ok(Self::build(store, queue, objects, beside, shared, settings))
    }

    /// Builds a context from its parts, without a CDN.
    pub fn new(
        store: Store,
        queue: Arc<dyn Queue>,
        objects: Arc<dyn Objects>,
        shared: Shared,
        settings: Settings,
    ) -> Self {
        Self::build(store, queue, objects, Beside::default(), shared, settings)
    }

    pub(crate) fn build(
        store: Store,
        queue: Arc<dyn Queue>,
        objects: Arc<dyn Objects>,
        Beside { cdn, origin, deliveries }: Beside,
        shared: Shared,
        settings: Settings,
    ) -> Self {
        let keys = Keys::new(settings.cache_for);
        let catalogs = Catalogs::new(settings.cache_for, shared.clone());
        let report = CounterEmitter::new();
        let rates = RateLimits::new(settings.tenant_requests_per_second);
        Self(Arc::new(Inner {
            store,
            queue,
            deliveries,
            objects,
            cdn,
            origin,
            settings,
            keys,
            catalogs,
            shared,
            report,
            rates,
        }))
    }
}

impl std::ops::Deref for Context {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
