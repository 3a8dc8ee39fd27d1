//! State that the process keeps between two ticks.

use std::sync::Arc;

use export::defaults;
use export::request::RequestLimits;
use ports::config::{ConfigError, number, optional, required};
use ports::fault::Faults;
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{Queue, SqsQueue};
use source::{Source, SourceError};
use store::schedules::RunTerms;
use store::{PlanLimits, Store, StoreError};

/// Ports of the sweeper.
#[derive(Clone)]
pub struct Context {
    /// State of all exports.
    pub store: Store,
    /// Queue of wake-up messages.
    pub queue: Arc<dyn Queue>,
    /// Queue of deliveries; `None` if there is none.
    pub deliveries: Option<Arc<dyn Queue>>,
    /// Name or ARN of the bus to which events are sent; `None` if there is none.
    pub bus: Option<String>,
    /// Storage of the files.
    pub objects: Arc<dyn Objects>,
    /// Database of the user, which is queried for new estimates while it is otherwise idle.
    pub source: Source,
    /// Age in seconds at which estimates are renewed.
    pub estimates_secs: u32,
    /// Limits of the runs of saved exports, as the api applies them to requests.
    pub run_terms: RunTerms,
}

/// Missing or invalid setting.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// Error in the environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Error in the store's URL.
    #[error("StoreUrl is not valid")]
    Store(#[from] StoreError),
    /// Error in the source's URL.
    #[error("SourceUrl is not valid")]
    Source(#[from] SourceError),
}

impl Context {
    /// Reads the environment. Opens no connection.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, ContextError> {
        let faults = Faults::from_env();
        let pooler = Pooler::read(optional("SLUICE_POOLER").as_deref())?;
        Ok(Self {
            store: Store::new(&required("SLUICE_STORE_URL")?)?
                .with_login(Login::from_env("SLUICE_STORE_SECRET")?)
                .with_pooler(pooler)
                .with_faults(&faults),
            queue: faults.queue(Arc::new(SqsQueue::new(required("SLUICE_QUEUE_URL")?))),
            deliveries: optional("SLUICE_DELIVERY_QUEUE_URL")
                .map(|url| faults.queue(Arc::new(SqsQueue::new(url)))),
            bus: optional("SLUICE_EVENT_BUS"),
            objects: faults.objects(Arc::new(S3Objects::new(required("SLUICE_BUCKET")?))),
            source: Source::new(&required("SLUICE_SOURCE_URL")?)?
                .with_login(Login::from_env("SLUICE_SOURCE_SECRET")?),
            estimates_secs: number("SLUICE_ESTIMATES_SECS", 21_600)?,
            run_terms: run_terms()?,
        })
    }
}

fn run_terms() -> Result<RunTerms, ConfigError> {
    let limits = RequestLimits::default();
    Ok(RunTerms {
        request: RequestLimits { datasets: number("SLUICE_MAX_DATASETS", limits.datasets)?, ..limits },
        plan: PlanLimits {
            target_bytes: number("SLUICE_TARGET_BYTES", defaults::TARGET_BYTES)?,
            max_chunks: number("SLUICE_MAX_CHUNKS", defaults::MAX_CHUNKS)?,
        },
        deadline_secs: number("SLUICE_DEADLINE_HOURS", defaults::DEADLINE_HOURS)?.saturating_mul(3600),
    })
}
