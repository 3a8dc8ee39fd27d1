//! Settings of the api, from the environment.

use std::time::Duration;

use export::defaults;
use export::request::RequestLimits;
use ports::config::{self, ConfigError};

use crate::auth::Auth;
use crate::cors::Cors;
use crate::provider::Provider;

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
    pub limits: RequestLimits,
    /// Lifetime of the cached catalog. Keys are cached for the same time, at most 5 s.
    pub cache_for: Duration,
    /// Origins whose pages may use the api from a browser.
    pub cors: Cors,
    /// Identity provider at which people sign in to the page.
    pub provider: Option<Provider>,
    /// Maximum requests per second of one tenant to one process; zero means no limit.
    pub tenant_requests_per_second: u32,
}

/// Maximum lifetime of the cached catalog in seconds. Keys are cached for less.
const MAX_CACHE_SECS: u64 = 30;

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// If a variable is set and cannot be parsed.
    pub fn from_env() -> Result<Self, ConfigError> {
        let limits = RequestLimits::default();
        Ok(Self {
            auth: Auth::from_env()?,
            link_secs: config::number("SLUICE_LINK_SECS", 900)?,
            deadline_secs: config::number("SLUICE_DEADLINE_HOURS", defaults::DEADLINE_HOURS)?
                .saturating_mul(3600),
            target_bytes: config::number("SLUICE_TARGET_BYTES", defaults::TARGET_BYTES)?,
            max_chunks: config::number("SLUICE_MAX_CHUNKS", defaults::MAX_CHUNKS)?,
            worker_memory_mb: config::number("SLUICE_WORKER_MEMORY_MB", defaults::WORKER_MEMORY_MB)?,
            limits: RequestLimits {
                datasets: config::number("SLUICE_MAX_DATASETS", limits.datasets)?,
                ..limits
            },
            cache_for: Duration::from_secs(
                config::number("SLUICE_CACHE_SECS", MAX_CACHE_SECS)?.min(MAX_CACHE_SECS),
            ),
            cors: Cors::from_env()?,
            provider: Provider::from_env()?,
            tenant_requests_per_second: config::number("SLUICE_TENANT_REQUESTS_PER_SECOND", 100)?,
        })
    }
}
