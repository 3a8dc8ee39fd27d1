//! Region, credentials and endpoints of AWS, from the environment and from nowhere else.
//!
//! That is what Lambda provides. The SDK's own chain would go on to files, roles and the metadata of a machine: code that is
//! loaded at every cold start, and questions to the network where the answer is that a variable is missing.

use std::env;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_s3::config::BehaviorVersion;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::{SharedTimeSource, TimeoutConfig};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use tokio::sync::OnceCell;

use super::optional;

static AWS: OnceCell<SdkConfig> = OnceCell::const_new();

/// The process's AWS configuration, made at its first use and once. What is missing shows where it is needed.
pub async fn aws() -> &'static SdkConfig {
    AWS.get_or_init(|| std::future::ready(from_env())).await
}

fn from_env() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        // A call that cannot even connect within 2 s has no route: a missing VPC endpoint.
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(60))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .time_source(SharedTimeSource::default())
        .service_config(Environment);
    config.set_region(optional("AWS_REGION").map(Region::new));
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL"));
    config.set_credentials_provider(credentials().map(SharedCredentialsProvider::new));
    config.build()
}

fn credentials() -> Option<Credentials> {
    let (id, secret) = (optional("AWS_ACCESS_KEY_ID")?, optional("AWS_SECRET_ACCESS_KEY")?);
    Some(Credentials::new(id, secret, optional("AWS_SESSION_TOKEN"), None, "environment"))
}

/// What the SDK asks for one service only, such as `AWS_ENDPOINT_URL_S3`.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        env::var(variable(key.env(), key.service_id())).ok().filter(|value| !value.is_empty())
    }
}

fn variable(setting: &str, service: &str) -> String {
    format!("{setting}_{}", service.to_uppercase().replace([' ', '-'], "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_variables_of_its_own() {
        assert_eq!(variable("AWS_ENDPOINT_URL", "S3"), "AWS_ENDPOINT_URL_S3");
        assert_eq!(variable("AWS_ENDPOINT_URL", "Secrets Manager"), "AWS_ENDPOINT_URL_SECRETS_MANAGER");
    }

    #[test]
    fn an_address_that_cannot_be_reached_is_known_after_two_seconds() {
        let config = from_env();
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(2)));
        assert!(config.time_source().is_some(), "tokens are signed for a time");
    }
}
