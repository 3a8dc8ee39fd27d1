//! What lives as long as the process: the ports and the settings.

use std::sync::Arc;
use std::time::Duration;

use ports::cache::RedisCache;
use ports::config::{self, ConfigError};
use ports::links::{Secret, SecretsManager};
use ports::login::Login;
use ports::objects::{Objects, S3Objects};
use ports::queue::{Queue, SqsQueue};
use ports::source::Source;
use ports::store::{Store, StoreError, StoredSettings};

use crate::answer::Answer;
use crate::credentials::credentials;

/// How long a command waits for a session, of the store and of the source.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// State shared by all commands.
pub struct Context {
    pub(crate) store: Store,
    pub(crate) source: Source,
    pub(crate) beside: Beside,
    pub(crate) settings: Settings,
}

/// What the other functions use beside the databases; admin only looks whether it is there.
pub struct Beside {
    /// The files.
    pub objects: Arc<dyn Objects>,
    /// The doorbell.
    pub queue: Arc<dyn Queue>,
    /// What holds the key that signs links; `None` without a CDN.
    pub secret: Option<Arc<dyn Secret>>,
    /// The shared cache, if there is one.
    pub cache: Option<RedisCache>,
}

impl Beside {
    /// Reads the settings. Nothing is connected before it is used.
    ///
    /// # Errors
    /// If one is missing or malformed.
    pub fn from_env() -> Result<Self, ConfigError> {
        let secret = config::optional("SLUICE_CDN_SECRET").map(SecretsManager::new);
        let cache = config::optional("SLUICE_CACHE_URL").map(|url| RedisCache::new(&url)).transpose()?;
        Ok(Self {
            objects: Arc::new(S3Objects::new(config::required("SLUICE_BUCKET")?)),
            queue: Arc::new(SqsQueue::new(config::required("SLUICE_QUEUE_URL")?)),
            secret: secret.map(|secret| Arc::new(secret) as Arc<dyn Secret>),
            cache,
        })
    }
}

/// Settings of admin; the README has the table of variables.
#[derive(Clone)]
pub struct Settings {
    /// Straight to PostgreSQL, as a role that may create roles; without it `migrate` only prints.
    pub owner_url: Option<String>,
    /// The source, through the pooler.
    pub source_url: String,
    /// The store, through the pooler.
    pub store_url: String,
    /// How the two roles log in.
    pub login: Login,
    /// Limits and times that the store keeps.
    pub stored: StoredSettings,
    /// Whether callers are known by tokens: then there may be any number of tenants.
    pub tokens: bool,
    /// Sessions of others that may be active at the source while chunks are read; zero is no limit.
    pub max_active_sessions: u32,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// If one is missing or cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            owner_url: config::required("SLUICE_OWNER_URL").ok(),
            source_url: config::required("SLUICE_SOURCE_URL")?,
            store_url: config::required("SLUICE_STORE_URL")?,
            login: Login::read(config::optional("SLUICE_DATABASE_AUTH").as_deref())?,
            stored: StoredSettings {
                budget: config::number("SLUICE_BUDGET", 4)?,
                store_sessions: config::number("SLUICE_STORE_SESSIONS", 4)?,
                worker_timeout_secs: config::number("SLUICE_WORKER_TIMEOUT_SECS", 900)?,
                retention_hours: config::number("SLUICE_RETENTION_HOURS", 168)?,
                reuse_days: config::number("SLUICE_REUSE_DAYS", 7)?,
                resend_secs: config::number("SLUICE_RESEND_SECS", 60)?,
                max_active_exports: config::number("SLUICE_MAX_ACTIVE_EXPORTS", 4)?,
                max_queued_exports: config::number("SLUICE_MAX_QUEUED_EXPORTS", 1000)?,
                max_kept_exports: config::number("SLUICE_MAX_KEPT_EXPORTS", 20_000)?,
                max_kept_chunks: config::number("SLUICE_MAX_KEPT_CHUNKS", 5_000_000)?,
                max_kept_request_megabytes: config::number("SLUICE_MAX_KEPT_REQUEST_MEGABYTES", 256)?,
            },
            tokens: config::optional("SLUICE_AUTH").as_deref() == Some("jwt"),
            max_active_sessions: config::number("SLUICE_MAX_ACTIVE_SESSIONS", 0)?,
        })
    }
}

#[cfg(test)]
impl Settings {
    /// A deployment with the template's defaults and no address.
    pub(crate) fn example() -> Self {
        Self {
            owner_url: None,
            source_url: String::new(),
            store_url: String::new(),
            login: Login::Password,
            stored: StoredSettings {
                budget: 4,
                store_sessions: 4,
                worker_timeout_secs: 900,
                retention_hours: 168,
                reuse_days: 7,
                resend_secs: 60,
                max_active_exports: 4,
                max_queued_exports: 1000,
                max_kept_exports: 20_000,
                max_kept_chunks: 5_000_000,
                max_kept_request_megabytes: 256,
            },
            tokens: false,
            max_active_sessions: 0,
        }
    }
}

impl Context {
    /// Builds the real thing from the environment. Nothing is connected before it is used.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Self::new(Settings::from_env()?, Beside::from_env()?)
    }

    /// Puts a context together.
    ///
    /// # Errors
    /// If a URL cannot be read.
    pub fn new(settings: Settings, beside: Beside) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let store = Store::new(&settings.store_url)?.with_login(settings.login).with_patience(PATIENCE);
        let source = Source::new(&settings.source_url)?.with_login(settings.login);
        Ok(Self { store, source, beside, settings })
    }

    /// How many tenants datasets must be kept apart for.
    pub(crate) async fn tenants(&self) -> Result<u64, StoreError> {
        let known = self.store.tenants().await?;
        Ok(if self.settings.tokens { known.max(2) } else { known })
    }

    /// Takes passwords out of an answer, should the words of a server hold one.
    pub(crate) fn hide(&self, mut answer: Answer) -> Answer {
        let urls = [
            self.settings.owner_url.as_ref(),
            Some(&self.settings.source_url),
            Some(&self.settings.store_url),
        ];
        for (_, password) in urls.into_iter().flatten().filter_map(|url| credentials(url).ok()) {
            // A short one would be found in innocent words.
            if password.len() >= 6 && answer.text.contains(&password) {
                answer.text = answer.text.replace(&password, "(password)");
            }
        }
        answer
    }
}
