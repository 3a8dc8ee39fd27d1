//! Login of sessions of source, store and shared cache: with the password in their URL or in a secret, or with an IAM
//! token that is signed for each connection. Signing makes no call; the credentials are those of the function.

mod password;
mod token;
mod transport;

use std::future::Future;

use aws_config::SdkConfig;
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};

use crate::config::{self, ConfigError};
use crate::secret::{SecretError, SecretsManager};
use crate::telemetry::chain;
pub use password::SecretPassword;
use token::{cache_token, database_token};
pub use transport::Transport;

/// Login method of sessions of source and store.
#[derive(Clone, Debug, Default)]
pub enum Login {
    /// Password of the URL.
    #[default]
    Password,
    /// Password of a secret, whatever the URL contains.
    Secret(SecretPassword),
    /// IAM token, over TLS with the server's name verified, whatever the URL requests.
    Iam,
}

/// A login cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The process knows no region.
    #[error("IAM authentication needs a region: set AWS_REGION")]
    NoRegion,
    /// The process has no credentials.
    #[error("IAM authentication needs the credentials of the function")]
    NoCredentials(#[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// Signing for this host or role failed.
    #[error("signing an IAM token failed")]
    Signing(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The secret with the password cannot be read.
    #[error("the password cannot be read")]
    Secret(#[source] SecretError),
    /// The secret contains no password.
    #[error(
        "the secret with the password must have the form {{\"username\": \"role\", \"password\": \"...\"}}"
    )]
    NoPassword,
}

/// No connection was opened.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No login could be tried.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The server cannot be reached or refused the login.
    #[error(transparent)]
    Server(#[from] sqlx::Error),
}

/// Errors that may be the refusal of a login.
pub trait Refusal {
    /// Reports whether the server, or the pooler before it, refused role or password.
    fn is_refused_login(&self) -> bool;
}

impl Refusal for sqlx::Error {
    fn is_refused_login(&self) -> bool {
        let Some(error) = self.as_database_error() else { return false };
        match error.code().as_deref() {
            Some("28P01" | "28000") => true,
            // PgBouncer has this one code for everything that it says itself.
            Some("08P01") => {
                let text = error.message();
                text.contains("password") || text.contains("authentication failed")
            }
            _ => false,
        }
    }
}

impl Refusal for ConnectError {
    fn is_refused_login(&self) -> bool {
        matches!(self, Self::Server(error) if error.is_refused_login())
    }
}

impl Login {
    /// Reads the settings: the method from `SLUICE_DATABASE_AUTH`, and from the variable `secret` the name or ARN of
    /// the secret with the password. Without one it is the URL's password.
    ///
    /// # Errors
    /// If the method is another one than `password` or `iam`.
    pub fn from_env(secret: &'static str) -> Result<Self, ConfigError> {
        Self::read(config::optional("SLUICE_DATABASE_AUTH").as_deref(), config::optional(secret))
    }

    fn read(method: Option<&str>, secret: Option<String>) -> Result<Self, ConfigError> {
        match (method, secret) {
            (None | Some("password"), None) => Ok(Self::Password),
            (None | Some("password"), Some(id)) => {
                Ok(Self::Secret(SecretPassword::new(SecretsManager::new(id))))
            }
            (Some("iam"), _) => Ok(Self::Iam),
            (Some(_), _) => {
                Err(ConfigError::Invalid("SLUICE_DATABASE_AUTH", "login method: password or iam"))
            }
        }
    }

    /// Returns the options for connecting now, valid for a quarter of an hour.
    ///
    /// # Errors
    /// If a token is needed and cannot be signed, or a secret and cannot be read.
    pub async fn prepare(&self, options: &PgConnectOptions) -> Result<PgConnectOptions, LoginError> {
        match self {
            Self::Password => Ok(options.clone()),
            Self::Secret(secret) => Ok(secret.options(options, &*secret.user().await?)),
            Self::Iam => with_token(options, config::aws().await).await,
        }
    }

    /// Opens a connection; see [`Login::attempt`].
    ///
    /// # Errors
    /// If no login can be tried, the server cannot be reached, or it refuses the login.
    pub async fn connect(&self, options: &PgConnectOptions) -> Result<PgConnection, ConnectError> {
        // Boxed, because the future is large and would be part of the future of every transaction.
        Box::pin(self.attempt(options, |options| async move { Ok(options.connect().await?) })).await
    }

    /// Runs an operation that logs in. If the password of a secret is refused, the secret is read again and the
    /// operation repeated with each password in it that was not tried yet.
    ///
    /// # Errors
    /// The operation's, or that no login can be tried.
    pub async fn attempt<T, E, F, Fut>(&self, options: &PgConnectOptions, mut operation: F) -> Result<T, E>
    where
        F: FnMut(PgConnectOptions) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Refusal + From<LoginError>,
    {
        let Self::Secret(secret) = self else { return operation(self.prepare(options).await?).await };
        let mut refused = Vec::new();
        loop {
            let user = secret.user().await?;
            let error = match operation(secret.options(options, &user)).await {
                Err(error) if error.is_refused_login() => error,
                other => return other,
            };
            refused.push(user);
            match secret.other_than(&refused).await {
                Ok(true) => {}
                Ok(false) => return Err(error),
                Err(cause) => {
                    tracing::warn!(error = chain(&cause), "a password was refused and cannot be read again");
                    return Err(error);
                }
            }
        }
    }
}

async fn with_token(options: &PgConnectOptions, by: &SdkConfig) -> Result<PgConnectOptions, LoginError> {
    let token = database_token(options.get_host(), options.get_port(), options.get_username(), by).await?;
    // Any reader of a token could log in with it, so it is sent only to the server of that name.
    Ok(options.clone().password(&token).ssl_mode(PgSslMode::VerifyFull))
}

/// Returns the password with which a user logs in to the serverless cache of the same name, valid for a quarter of an
/// hour.
pub(crate) async fn cache_password(user: &str) -> Result<String, LoginError> {
    cache_token(user, config::aws().await).await
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[tokio::test]
    async fn tokens_are_sent_only_to_verified_servers() {
        let url = "postgres://sluice_store@proxy.example.com:5432/shop?sslmode=disable";
        let options = PgConnectOptions::from_str(url).unwrap();
        let made = with_token(&options, &token::tests::by(None)).await.unwrap();
        assert!(matches!(made.get_ssl_mode(), PgSslMode::VerifyFull));
        assert_eq!((made.get_host(), made.get_username()), ("proxy.example.com", "sluice_store"));
    }

    #[tokio::test]
    async fn without_iam_the_url_sets_tls() {
        let options = PgConnectOptions::from_str("postgres://a:b@db/shop?sslmode=disable").unwrap();
        let same = Login::read(None, None).unwrap().prepare(&options).await.unwrap();
        assert!(matches!(same.get_ssl_mode(), PgSslMode::Disable));
        assert!(Login::read(Some("kerberos"), None).is_err());
    }

    #[test]
    fn secrets_are_read_for_passwords_only() {
        let secret = || Some("arn".to_owned());
        assert!(matches!(Login::read(None, secret()), Ok(Login::Secret(_))));
        assert!(matches!(Login::read(Some("password"), secret()), Ok(Login::Secret(_))));
        assert!(matches!(Login::read(Some("password"), None), Ok(Login::Password)));
        assert!(matches!(Login::read(Some("iam"), secret()), Ok(Login::Iam)));
    }
}
