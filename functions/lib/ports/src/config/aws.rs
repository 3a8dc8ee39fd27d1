//! Region, credentials and endpoints of AWS, read only from the environment.
//!
//! Lambda provides them there. The complete provider chain of `aws-config` would continue with files, roles and the
//! instance metadata: code loaded at every cold start, and network requests when in fact a variable is missing.
//! Therefore only its environment providers are used.

use std::env;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_types::sdk_config::SharedTimeSource;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use tokio::sync::OnceCell;

use super::optional;

static AWS: OnceCell<SdkConfig> = OnceCell::const_new();

/// Returns the process's AWS configuration, created once, at its first use. A missing variable causes an error where
/// it is needed.
pub async fn aws() -> &'static SdkConfig {
    AWS.get_or_init(from_env).await
}

async fn from_env() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        // A call that cannot even connect within 2 s has no route, for example because a VPC endpoint is missing.
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(60))
        .build();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .time_source(SharedTimeSource::default())
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .service_config(Environment);
    config.set_region(EnvironmentVariableRegionProvider::new().region().await);
    config.set_endpoint_url(optional("AWS_ENDPOINT_URL"));
    config.build()
}

/// Settings that the SDK reads for one service only, such as `AWS_ENDPOINT_URL_S3`.
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
    fn each_aws_service_has_its_own_variables() {
        assert_eq!(variable("AWS_ENDPOINT_URL", "S3"), "AWS_ENDPOINT_URL_S3");
        assert_eq!(variable("AWS_ENDPOINT_URL", "Secrets Manager"), "AWS_ENDPOINT_URL_SECRETS_MANAGER");
    }

    #[tokio::test]
    async fn connect_timeout_is_two_seconds() {
        let config = from_env().await;
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(2)));
        assert!(config.time_source().is_some(), "tokens are signed for a time");
    }
}
