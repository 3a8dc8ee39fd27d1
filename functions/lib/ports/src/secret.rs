//! Storage of what must not be readable in settings, such as passwords and the key that signs links: AWS Secrets Manager,
//! or memory for tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use tokio::sync::OnceCell;

use crate::sdk::{responded, text};

/// Maximum time of a read, retries included: a request waits for it.
const READ_TIMEOUT: Duration = Duration::from_secs(4);

/// Version of a secret, by its stage in a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The version in force.
    Current,
    /// The next version, which a rotation has written and not yet put in force.
    Pending,
    /// The version that was in force before.
    Previous,
}

impl Stage {
    /// Returns the service's name of it.
    fn name(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// Reason why a secret could not be read. The texts contain nothing of the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The secret could not be read.
    #[error("reading the secret failed")]
    Unread(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No service that could read it responded.
    #[error("no response from the service that stores the secret")]
    Silent(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A text with restricted access.
#[async_trait]
pub trait Secret: Send + Sync {
    /// Returns the text of a stage; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read within seconds.
    async fn read(&self, stage: Stage) -> Result<Option<String>, SecretError>;

    /// Reports whether there is a text, without reading it, so that a lesser privilege suffices.
    ///
    /// # Errors
    /// If this cannot be determined within seconds.
    async fn is_filled(&self) -> Result<bool, SecretError>;
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
    async fn read(&self, stage: Stage) -> Result<Option<String>, SecretError> {
        let call = self.client().await.get_secret_value().secret_id(&self.id).version_stage(stage.name());
        let answer = tokio::time::timeout(READ_TIMEOUT, call.send()).await;
        match answer.map_err(|late| SecretError::Silent(late.into()))? {
            Ok(answer) => Ok(answer.secret_string.filter(|text| !text.trim().is_empty())),
            // A secret without a value of that stage, or no secret of that name.
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                Ok(None)
            }
            // As text, because the SDK's types are not exposed and its errors are meaningless without their chain.
            Err(error) => {
                let why = DisplayErrorContext(&error).to_string().into();
                Err(if responded(&error) { SecretError::Unread(why) } else { SecretError::Silent(why) })
            }
        }
    }

    async fn is_filled(&self) -> Result<bool, SecretError> {
        let call = self.client().await.describe_secret().secret_id(&self.id);
        let answer = tokio::time::timeout(READ_TIMEOUT, call.send()).await;
        let answer = answer.map_err(|late| SecretError::Silent(late.into()))?.map_err(|error| {
            let why = text(&error).into();
            if responded(&error) { SecretError::Unread(why) } else { SecretError::Silent(why) }
        })?;
        let mut stages = answer.version_ids_to_stages().into_iter().flat_map(|versions| versions.values());
        Ok(stages.any(|stages| stages.iter().any(|stage| stage == Stage::Current.name())))
    }
}

/// A secret in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemorySecret(Arc<Mutex<BTreeMap<Stage, String>>>);

impl MemorySecret {
    /// Puts a text in force. The one before it becomes the previous one.
    pub fn put(&self, text: impl Into<String>) {
        let mut texts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = texts.insert(Stage::Current, text.into()) {
            texts.insert(Stage::Previous, before);
        }
    }

    /// Writes the next text, as a rotation does before it puts it in force.
    pub fn prepare(&self, text: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(Stage::Pending, text.into());
    }
}

#[async_trait]
impl Secret for MemorySecret {
    async fn read(&self, stage: Stage) -> Result<Option<String>, SecretError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&stage).cloned())
    }

    async fn is_filled(&self) -> Result<bool, SecretError> {
        Ok(self.read(Stage::Current).await?.is_some())
    }
}
