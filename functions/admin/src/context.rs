//! State that lives as long as the process: ports and settings.

use std::sync::Arc;
use std::time::Duration;

use export::defaults;
use ports::cache::RedisCache;
use ports::config::{self, ConfigError};
use ports::links::{Secret, SecretsManager};
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::Login;
use ports::postgres::pooler::Pooler;
use ports::queue::{Queue, SqsQueue};
use source::Source;
use store::{Store, StoreError, StoredSettings};

use crate::credentials::credentials;
use crate::output::CommandOutput;

/// Maximum wait of a command for a session, of the store or of the source.
pub(crate) const SESSION_TIMEOUT: Duration = Duration::from_secs(30);

/// State shared by all commands.
pub struct Context {
    pub(crate) store: Store,
    pub(crate) source: Source,
    pub(crate) beside: Beside,
    pub(crate) settings: Settings,
}

/// Other resources of the functions besides the databases; admin only checks that they are available.
pub struct Beside {
    /// Storage of the files.
    pub objects: Arc<dyn Objects>,
    /// Queue of wake-up messages.
    pub queue: Arc<dyn Queue>,
    /// Secret with the key that signs links; `None` without a CDN.
    pub secret: Option<Arc<dyn Secret>>,
    /// Shared cache, if there is one.
    pub cache: Option<RedisCache>,
}

impl Beside {
    /// Reads the settings. Connections are opened on first use.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
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

/// Settings of admin. The README has the table of variables.
#[derive(Clone)]
pub struct Settings {
    /// Direct URL of PostgreSQL, with a role that may create roles. Without it `migrate` only prints the SQL.
    pub owner_url: Option<String>,
    /// URL of the source, through the pooler if there is one.
    pub source_url: String,
    /// URL of the store, through the pooler if there is one.
    pub store_url: String,
    /// Login method of the two roles.
    pub login: Login,
    /// Pooler of the two roles.
    pub pooler: Pooler,
    /// Limits and times that are kept in the store.
    pub stored: StoredSettings,
    /// True if callers are authenticated by tokens. Then there may be any number of tenants.
    pub tokens: bool,
    /// Maximum number of other active sessions at the source while chunks are read; zero means no limit.
    pub max_active_sessions: u32,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// If a setting is missing or cannot be parsed.
    pub fn from_env() -> Result<Self, ConfigError> {
        Ok(Self {
            owner_url: config::required("SLUICE_OWNER_URL").ok(),
            source_url: config::required("SLUICE_SOURCE_URL")?,
            store_url: config::required("SLUICE_STORE_URL")?,
            login: Login::read(config::optional("SLUICE_DATABASE_AUTH").as_deref())?,
            pooler: Pooler::read(config::optional("SLUICE_POOLER").as_deref())?,
            stored: StoredSettings {
                budget: config::number("SLUICE_BUDGET", defaults::BUDGET)?,
                store_sessions: config::number("SLUICE_STORE_SESSIONS", defaults::STORE_SESSIONS)?,
                worker_timeout_secs: config::number(
                    "SLUICE_WORKER_TIMEOUT_SECS",
                    defaults::WORKER_TIMEOUT_SECS,
                )?,
                retention_hours: config::number("SLUICE_RETENTION_HOURS", defaults::RETENTION_HOURS)?,
                reuse_days: config::number("SLUICE_REUSE_DAYS", 7)?,
                resend_secs: config::number("SLUICE_RESEND_SECS", 60)?,
                max_active_exports: config::number("SLUICE_MAX_ACTIVE_EXPORTS", 4)?,
                max_queued_exports: config::number("SLUICE_MAX_QUEUED_EXPORTS", 1000)?,
                max_kept_exports: config::number("SLUICE_MAX_KEPT_EXPORTS", 20_000)?,
                max_kept_chunks: config::number("SLUICE_MAX_KEPT_CHUNKS", 5_000_000)?,
                max_kept_request_megabytes: config::number("SLUICE_MAX_KEPT_REQUEST_MEGABYTES", 256)?,
                max_chunks_per_minute: config::number("SLUICE_MAX_CHUNKS_PER_MINUTE", 6_000)?,
            },
            tokens: config::optional("SLUICE_AUTH").as_deref() == Some("jwt"),
            max_active_sessions: config::number("SLUICE_MAX_ACTIVE_SESSIONS", 0)?,
        })
    }
}

#[cfg(test)]
impl Settings {
    /// Returns the settings of a deployment with the defaults of the template and empty URLs.
    pub(crate) fn example() -> Self {
        Self {
            owner_url: None,
            source_url: String::new(),
            store_url: String::new(),
            login: Login::Password,
            pooler: Pooler::Own,
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
                max_chunks_per_minute: 6_000,
            },
            tokens: false,
            max_active_sessions: 0,
        }
    }
}

impl Context {
    /// Builds the production context from the environment. Connections are opened on first use.
    ///
    /// # Errors
    /// If a setting is missing or malformed.
    pub fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Self::new(Settings::from_env()?, Beside::from_env()?)
    }

    /// Builds a context from its parts.
    ///
    /// # Errors
    /// If a URL cannot be parsed.
    pub fn new(settings: Settings, beside: Beside) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let store = Store::new(&settings.store_url)?
            .with_login(settings.login)
            .with_pooler(settings.pooler)
            .with_patience(SESSION_TIMEOUT);
        let source = Source::new(&settings.source_url)?.with_login(settings.login);
        Ok(Self { store, source, beside, settings })
    }

    /// Returns the number of tenants between which datasets must be separated.
    pub(crate) async fn tenants(&self) -> Result<u64, StoreError> {
        let known = self.store.tenants().await?;
        Ok(if self.settings.tokens { known.max(2) } else { known })
    }

    /// Removes passwords from a result, in case a message of a server contains one.
    pub(crate) fn hide(&self, mut answer: CommandOutput) -> CommandOutput {
        let urls = [
            self.settings.owner_url.as_ref(),
            Some(&self.settings.source_url),
            Some(&self.settings.store_url),
        ];
        for (_, password) in urls.into_iter().flatten().filter_map(|url| credentials(url).ok()) {
            // A short password might also match ordinary words.
            if password.len() >= 6 && answer.text.contains(&password) {
                answer.text = answer.text.replace(&password, "(password)");
            }
        }
        answer
    }
}
