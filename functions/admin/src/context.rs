//! State that lives as long as the process: ports and settings.

use std::sync::Arc;
use std::time::Duration;

use export::defaults;
use ports::cache::RedisCache;
use ports::config::{self, ConfigError};
use ports::objects::{Objects, S3Objects};
use ports::postgres::login::{Login, SecretPassword};
use ports::postgres::pooler::Pooler;
use ports::queue::{Queue, SqsQueue};
use ports::secret::{Secret, SecretsManager};
use source::Source;
use store::{Store, StoreError, StoredSettings};

use crate::credentials::{credentials, role};
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
    /// Queue of deliveries, if there is one.
    pub deliveries: Option<Arc<dyn Queue>>,
    /// ARN of the role of the function that delivers, if there is one.
    pub deliver_role: Option<String>,
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
            deliveries: config::optional("SLUICE_DELIVERY_QUEUE_URL")
                .map(|url| Arc::new(SqsQueue::new(url)) as Arc<dyn Queue>),
            deliver_role: config::optional("SLUICE_DELIVER_ROLE_ARN"),
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
    /// Login method of the owner.
    pub owner_login: Login,
    /// Login method of the source role.
    pub source_login: Login,
    /// Login method of the store role.
    pub store_login: Login,
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
        let owner_url = config::optional("SLUICE_OWNER_URL");
        Ok(Self {
            owner_login: owner_login(owner_url.as_deref(), config::optional("SLUICE_OWNER_SECRET")),
            owner_url,
            source_url: config::required("SLUICE_SOURCE_URL")?,
            store_url: config::required("SLUICE_STORE_URL")?,
            source_login: Login::from_env("SLUICE_SOURCE_SECRET")?,
            store_login: Login::from_env("SLUICE_STORE_SECRET")?,
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
                max_rows_per_day: config::number("SLUICE_MAX_ROWS_PER_DAY", 0)?,
                max_megabytes_per_day: config::number("SLUICE_MAX_MEGABYTES_PER_DAY", 0)?,
                max_database_seconds_per_day: config::number("SLUICE_MAX_DATABASE_SECONDS_PER_DAY", 0)?,
                max_cut_minutes: config::number("SLUICE_MAX_CUT_MINUTES", 60)?,
            },
            tokens: config::optional("SLUICE_AUTH").as_deref() == Some("jwt"),
            max_active_sessions: config::number("SLUICE_MAX_ACTIVE_SESSIONS", 0)?,
        })
    }

    /// Removes passwords from a result, in case a message of a server contains one.
    pub(crate) async fn hide(&self, mut answer: CommandOutput) -> CommandOutput {
        let urls = [self.owner_url.as_ref(), Some(&self.source_url), Some(&self.store_url)];
        let in_urls = urls.into_iter().flatten().filter_map(|url| credentials(url).ok());
        let mut passwords: Vec<_> = in_urls.map(|(_, password)| password).collect();
        for login in [&self.owner_login, &self.source_login, &self.store_login] {
            if let Login::Secret(secret) = login {
                passwords.extend(secret.known().await);
            }
        }
        for password in passwords {
            // A short password might also match ordinary words.
            if password.len() >= 6 && answer.text.contains(&password) {
                answer.text = answer.text.replace(&password, "(password)");
            }
        }
        answer
    }
}

/// Returns the login of the owner, which is never by token: with the password of the secret, if there is one. If the URL
/// names no role, the secret does.
fn owner_login(url: Option<&str>, secret: Option<String>) -> Login {
    let Some(secret) = secret.map(SecretsManager::new) else { return Login::Password };
    let is_named = url.is_some_and(|url| role(url).is_ok());
    Login::Secret(if is_named { SecretPassword::new(secret) } else { SecretPassword::with_role(secret) })
}

#[cfg(test)]
impl Settings {
    /// Returns the settings of a deployment with the defaults of the template and empty URLs.
    pub(crate) fn example() -> Self {
        Self {
            owner_url: None,
            source_url: String::new(),
            store_url: String::new(),
            owner_login: Login::Password,
            source_login: Login::Password,
            store_login: Login::Password,
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
                max_rows_per_day: 0,
                max_megabytes_per_day: 0,
                max_database_seconds_per_day: 0,
                max_cut_minutes: 60,
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
            .with_login(settings.store_login.clone())
            .with_pooler(settings.pooler)
            .with_patience(SESSION_TIMEOUT);
        let source = Source::new(&settings.source_url)?.with_login(settings.source_login.clone());
        Ok(Self { store, source, beside, settings })
    }

    /// Returns the number of tenants between which datasets must be separated.
    pub(crate) async fn tenants(&self) -> Result<u64, StoreError> {
        let known = self.store.tenants().await?;
        Ok(if self.settings.tokens { known.max(2) } else { known })
    }
}
