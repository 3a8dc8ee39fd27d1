//! State of a warm environment: settings, and clients that connect on first use.

use std::sync::Arc;

use export::load::LoadLimits;
use ports::config::{ConfigError, number, optional, required};
use ports::fault::Faults;
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{Queue, SqsQueue};
use source::Source;
use store::{Store, StoreError};

use crate::heartbeat::Lease;
use crate::split::Sizes;

/// Dependencies and settings of an attempt.
pub struct Context {
    /// Job state.
    pub store: Store,
    /// Database of the user.
    pub source: Source,
    /// Queue of wake-up messages.
    pub queue: Arc<dyn Queue>,
    /// Queue of deliveries; `None` if there is none, and then the sweeper sends them.
    pub deliveries: Option<Arc<dyn Queue>>,
    /// Storage of the files.
    pub objects: Arc<dyn Objects>,
    /// Duration and renewal of leases.
    pub lease: Lease,
    /// Sizes at which chunks are split.
    pub sizes: Sizes,
    /// Load of the source up to which chunks are read.
    pub load: LoadLimits,
    /// Number of threads that encode and compress.
    pub threads: usize,
}

/// Error in the environment.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store's URL cannot be parsed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// Reads the environment. Opens no connection.
    pub fn from_env() -> Result<Self, ContextError> {
        let faults = Faults::from_env();
        let pooler = Pooler::read(optional("SLUICE_POOLER").as_deref())?;
        Ok(Self {
            store: Store::new(&required("SLUICE_STORE_URL")?)?
                .with_login(Login::from_env("SLUICE_STORE_SECRET")?)
                .with_pooler(pooler)
                .with_faults(&faults),
            source: Source::lazy(&optional("SLUICE_SOURCE_URL").unwrap_or_default())
                .with_login(Login::from_env("SLUICE_SOURCE_SECRET")?)
                .with_faults(&faults),
            queue: faults.queue(Arc::new(SqsQueue::new(required("SLUICE_QUEUE_URL")?))),
            deliveries: optional("SLUICE_DELIVERY_QUEUE_URL")
                .map(|url| faults.queue(Arc::new(SqsQueue::new(url)))),
            objects: faults.objects(Arc::new(S3Objects::new(required("SLUICE_BUCKET")?))),
            lease: Lease {
                lease_secs: number("SLUICE_LEASE_SECS", 60)?,
                renew_secs: number("SLUICE_RENEW_SECS", 15)?,
            },
            sizes: Sizes {
                target_bytes: number("SLUICE_TARGET_BYTES", 256 << 20)?,
                split_bytes: number("SLUICE_SPLIT_BYTES", 1 << 30)?,
            },
            load: LoadLimits {
                active_sessions: number("SLUICE_MAX_ACTIVE_SESSIONS", 0)?,
                replica_lag_secs: number("SLUICE_MAX_REPLICA_LAG_SECS", 0)?,
            },
            // More than two would only wait for the rows of one session.
            threads: std::thread::available_parallelism().map_or(1, usize::from).min(2),
        })
    }
}
