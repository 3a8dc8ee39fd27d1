//! Storage of the key: AWS Secrets Manager, or memory for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use tokio::sync::OnceCell;

use super::LinksError;
use crate::sdk::{responded, text};

/// Maximum time of a read, retries included: a request waits for it.
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// Stage of the version that a read returns.
const CURRENT: &str = "AWSCURRENT";

/// Stage of the version before that one.
const PREVIOUS: &str = "AWSPREVIOUS";

/// A text with restricted access.
#[async_trait]
pub trait Secret: Send + Sync {
    /// Returns the current text; `None` if there is none yet.
    async fn read(&self) -> Result<Option<String>, LinksError>;

    /// Returns the text before the current one; `None` if there is none.
    async fn read_previous(&self) -> Result<Option<String>, LinksError>;

    /// Reports whether there is a text, without reading it, so that a lesser privilege suffices.
    async fn is_filled(&self) -> Result<bool, LinksError>;
}

/// A secret of AWS Secrets Manager, by its name or ARN.
#[derive(Debug)]
pub struct SecretsManager {
    id: String,
    client: OnceCell<Client>,
}

impl SecretsManager {
    /// Configures the secret; no connection is opened before the first read.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), client: OnceCell::new() }
    }

    async fn client(&self) -> &Client {
        let connect = || async { Client::new(crate::config::aws().await) };
        self.client.get_or_init(connect).await
    }
}

#[async_trait]
impl Secret for SecretsManager {
    async fn read(&self) -> Result<Option<String>, LinksError> {
        self.stage(CURRENT).await
    }

    async fn read_previous(&self) -> Result<Option<String>, LinksError> {
        self.stage(PREVIOUS).await
    }

    async fn is_filled(&self) -> Result<bool, LinksError> {
        let call = self.client().await.describe_secret().secret_id(&self.id);
        let answer = tokio::time::timeout(READ_TIMEOUT, call.send()).await;
        let answer = answer.map_err(|late| LinksError::Silent(late.into()))?.map_err(|error| {
            let why = text(&error).into();
            if responded(&error) { LinksError::Unread(why) } else { LinksError::Silent(why) }
        })?;
        let mut stages = answer.version_ids_to_stages().into_iter().flat_map(|versions| versions.values());
        Ok(stages.any(|stages| stages.iter().any(|stage| stage == CURRENT)))
    }
}

impl SecretsManager {
    async fn stage(&self, stage: &str) -> Result<Option<String>, LinksError> {
        let call = self.client().await.get_secret_value().secret_id(&self.id).version_stage(stage);
        let answer = tokio::time::timeout(READ_TIMEOUT, call.send()).await;
        match answer.map_err(|late| LinksError::Unread(late.into()))? {
            Ok(answer) => Ok(answer.secret_string.filter(|text| !text.trim().is_empty())),
            // A secret without a value, or no secret of that name.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(None)
            }
            // As text, because the SDK's types are not exposed and its errors are meaningless without their chain.
            Err(error) => Err(LinksError::Unread(DisplayErrorContext(&error).to_string().into())),
        }
    }
}

/// A secret in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySecret(Arc<Mutex<Versions>>);

/// The current text, and the one before.
#[derive(Debug, Default)]
struct Versions {
    current: Option<String>,
    previous: Option<String>,
}

impl MemorySecret {
    /// Replaces the text.
    pub fn put(&self, text: impl Into<String>) {
        let mut versions = self.versions();
        versions.previous = versions.current.replace(text.into());
    }

    fn versions(&self) -> MutexGuard<'_, Versions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Secret for MemorySecret {
    async fn read(&self) -> Result<Option<String>, LinksError> {
        Ok(self.versions().current.clone())
    }

    async fn read_previous(&self) -> Result<Option<String>, LinksError> {
        Ok(self.versions().previous.clone())
    }

    async fn is_filled(&self) -> Result<bool, LinksError> {
        Ok(self.read().await?.is_some())
    }
}
