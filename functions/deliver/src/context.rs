//! State of a warm environment: settings, and clients that connect on first use.

use std::sync::Arc;

use ports::config::{ConfigError, number, optional, required};
use ports::destination::{Destinations, PART_BYTES, S3Destinations};
use ports::fault::Faults;
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{Letters, Queue, SqsQueue};
use store::{Store, StoreError};

/// Dependencies and settings of an attempt.
pub struct Context {
    /// State of all exports.
    pub store: Store,
    /// Storage of the files.
    pub objects: Arc<dyn Objects>,
    /// Queue of deliveries, for what is due next.
    pub queue: Arc<dyn Queue>,
    /// Queue of events that are ready to be sent.
    pub events: Arc<dyn Letters>,
    /// Destinations.
    pub destinations: Arc<dyn Destinations>,
    /// Seconds for which an attempt is leased. It renews its lease every third of that.
    pub lease_secs: u32,
}

/// Error in the environment.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// A variable is missing or malformed.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store's URL cannot be parsed.
    #[error("StoreUrl is not valid")]
    Store(#[from] StoreError),
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
            objects: faults.objects(Arc::new(S3Objects::new(required("SLUICE_BUCKET")?))),
            queue: faults.queue(Arc::new(SqsQueue::new(required("SLUICE_DELIVERY_QUEUE_URL")?))),
            events: Arc::new(SqsQueue::new(required("SLUICE_EVENT_QUEUE_URL")?)),
            destinations: Arc::new(S3Destinations::new(PART_BYTES)),
            lease_secs: number("SLUICE_LEASE_SECS", 60)?,
        })
    }
}
