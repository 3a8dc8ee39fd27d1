//! What a warm environment keeps: settings, and clients that connect when they are first used.

use std::sync::Arc;

use export::load::LoadLimits;
use ports::config::{ConfigError, number, optional, required};
use ports::fault::Faults;
use ports::login::Login;
use ports::objects::{Objects, S3Objects};
use ports::queue::{Queue, SqsQueue};
use ports::source::Source;
use ports::store::{Store, StoreError};

use crate::heartbeat::Lease;
use crate::split::Sizes;

/// Everything an attempt works with.
pub struct Context {
    /// The job state.
    pub store: Store,
    /// The user's database.
    pub source: Source,
    /// The doorbell.
    pub queue: Arc<dyn Queue>,
    /// The files.
    pub objects: Arc<dyn Objects>,
    /// How long leases last.
    pub lease: Lease,
    /// When chunks are split.
    pub sizes: Sizes,
    /// What the source may bear while chunks are read from it.
    pub load: LoadLimits,
    /// Threads that encode and compress.
    pub threads: usize,
}

/// The environment does not make sense.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store's URL cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Context {
    /// Reads the environment; connects to nothing.
    pub fn from_env() -> Result<Self, ContextError> {
        let faults = Faults::from_env();
        let login = Login::read(optional("SLUICE_DATABASE_AUTH").as_deref())?;
        Ok(Self {
            store: Store::new(&required("SLUICE_STORE_URL")?)?.with_login(login).with_faults(&faults),
            source: Source::lazy(&optional("SLUICE_SOURCE_URL").unwrap_or_default())
                .with_login(login)
                .with_faults(&faults),
            queue: faults.queue(Arc::new(SqsQueue::new(required("SLUICE_QUEUE_URL")?))),
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
            // More than two would only wait for one session's rows.
            threads: std::thread::available_parallelism().map_or(1, usize::from).min(2),
        })
    }
}
