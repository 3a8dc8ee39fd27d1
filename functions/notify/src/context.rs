//! State of a warm environment: clients that connect on first use.

use std::sync::Arc;

use ports::bus::{Bus, EventBridge};
use ports::config::{ConfigError, permits_loopback, required};
use ports::queue::{Letters, SqsQueue};

use crate::webhook::Webhooks;

/// Dependencies of an invocation.
pub struct Context {
    /// Queue of receipts.
    pub receipts: Arc<dyn Letters>,
    /// Buses.
    pub bus: Arc<dyn Bus>,
    /// Client of webhooks.
    pub webhooks: Webhooks,
}

impl Context {
    /// Reads the environment. Opens no connection.
    ///
    /// # Errors
    /// If a setting is missing, or TLS cannot be used.
    pub fn from_env() -> Result<Self, lambda_runtime::Error> {
        let receipts = required("SLUICE_RECEIPT_QUEUE_URL").map_err(|error: ConfigError| Box::new(error))?;
        Ok(Self {
            receipts: Arc::new(SqsQueue::new(receipts)),
            bus: Arc::new(EventBridge::default()),
            webhooks: Webhooks::new(permits_loopback())?,
        })
    }
}
