//! Login of sessions of source, store and shared cache: with the password in their URL, or with an IAM token that is
//! signed for each connection. Signing makes no call; the credentials are those of the function.

mod token;
mod transport;

use aws_config::SdkConfig;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::config::ConfigError;
use token::{cache_token, database_token};
pub use transport::Transport;

/// Login method of sessions of source and store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// Password of the URL.
    #[default]
    Password,
    /// IAM token, over TLS with the server's name verified, whatever the URL requests.
    Iam,
}

/// No token can be created.
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
}

impl Login {
    /// Reads the setting: `password`, which is also the default, or `iam`.
    ///
    /// # Errors
    /// If it has another value.
    pub fn read(setting: Option<&str>) -> Result<Self, ConfigError> {
        match setting {
            None | Some("password") => Ok(Self::Password),
            Some("iam") => Ok(Self::Iam),
            Some(_) => Err(ConfigError::Invalid("SLUICE_DATABASE_AUTH", "login method: password or iam")),
        }
    }

    /// Returns the options for connecting, valid now and for a quarter of an hour.
    ///
    /// # Errors
    /// If a token is needed and cannot be signed.
    pub async fn prepare(self, options: &PgConnectOptions) -> Result<PgConnectOptions, LoginError> {
        if self == Self::Password {
            return Ok(options.clone());
        }
        with_token(options, crate::config::aws().await).await
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
    cache_token(user, crate::config::aws().await).await
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
        let same = Login::read(None).unwrap().prepare(&options).await.unwrap();
        assert!(matches!(same.get_ssl_mode(), PgSslMode::Disable));
        assert_eq!(Login::read(Some("iam")).unwrap(), Login::Iam);
        assert!(Login::read(Some("kerberos")).is_err());
    }
}
