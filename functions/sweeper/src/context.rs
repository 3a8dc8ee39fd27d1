//! What the process keeps between two ticks.

use std::sync::Arc;

use ports::config::{ConfigError, number, optional, required};
use ports::fault::Faults;
use ports::login::Login;
use ports::objects::{Objects, S3Objects};
use ports::queue::{Queue, SqsQueue};
use ports::source::{Source, SourceError};
use ports::store::{Store, StoreError};

/// The sweeper's ports.
#[derive(Clone)]
pub struct Context {
    /// The state of all exports.
    pub store: Store,
    /// The doorbell.
    pub queue: Arc<dyn Queue>,
    /// The files.
    pub objects: Arc<dyn Objects>,
    /// The user's database, which is asked for new estimates when it has nothing else to do.
    pub source: Source,
    /// Seconds after which estimates are taken anew.
    pub estimates_secs: u32,
}

/// A setting is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// In the environment.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// In the store's URL.
    #[error("SLUICE_STORE_URL cannot be used")]
    Store(#[from] StoreError),
    /// In the source's URL.
    #[error("SLUICE_SOURCE_URL cannot be used")]
    Source(#[from] SourceError),
}

impl Context {
    /// Reads the environment; connects to nothing.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, ContextError> {
        let faults = Faults::from_env();
        let login = Login::read(optional("SLUICE_DATABASE_AUTH").as_deref())?;
        Ok(Self {
            store: Store::new(&required("SLUICE_STORE_URL")?)?.with_login(login).with_faults(&faults),
            queue: faults.queue(Arc::new(SqsQueue::new(required("SLUICE_QUEUE_URL")?))),
            objects: faults.objects(Arc::new(S3Objects::new(required("SLUICE_BUCKET")?))),
            source: Source::new(&required("SLUICE_SOURCE_URL")?)?.with_login(login),
            estimates_secs: number("SLUICE_ESTIMATES_SECS", 21_600)?,
        })
    }
}
