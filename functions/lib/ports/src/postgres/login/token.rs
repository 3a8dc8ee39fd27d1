//! IAM tokens: a signed URL without its scheme, valid for opening connections for a quarter of an hour. Open
//! connections stay open (those of a cache for twelve hours).
//!
//! Sources: "Connecting to your DB instance using IAM authentication" in the RDS user guide, "Authenticating with
//! IAM" in the ElastiCache user guide.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_rds::auth_token::{AuthTokenGenerator, Config};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::LoginError;
use crate::percent::encode;

/// Time for which a token can open connections; neither service accepts a longer one.
const LIFE: Duration = Duration::from_secs(900);

/// Scheme of the signed URL, removed from a token.
const SCHEME: &str = "https://";

/// Returns the token with which `role` logs in to the database, or to its RDS Proxy, at that host and port.
pub(super) async fn database_token(
    host: &str,
    port: u16,
    role: &str,
    by: &SdkConfig,
) -> Result<String, LoginError> {
    // The SDK would use another region instead of reporting that none is known.
    let region = by.region().ok_or(LoginError::NoRegion)?.clone();
    let provider = by.credentials_provider().ok_or(LoginError::NoCredentials(None))?;
    let wanted = Config::builder()
        .hostname(host)
        .port(port.into())
        // It is inserted into a query without encoding.
        .username(encode(role))
        .region(region)
        .credentials(provider)
        .expires_in(LIFE.as_secs())
        .build()
        .map_err(LoginError::Signing)?;
    let token = AuthTokenGenerator::new(wanted).auth_token(by).await.map_err(LoginError::Signing)?;
    Ok(token.as_str().to_owned())
}

/// Returns the token with which the user logs in to the serverless cache of the same name. The SDK does not provide
/// it.
pub(super) async fn cache_token(user: &str, by: &SdkConfig) -> Result<String, LoginError> {
    let region = by.region().ok_or(LoginError::NoRegion)?;
    let provider = by.credentials_provider().ok_or(LoginError::NoCredentials(None))?;
    let credentials = provider.provide_credentials().await;
    let credentials = credentials.map_err(|error| LoginError::NoCredentials(Some(error.into())))?;
    let at = by.time_source().map_or_else(SystemTime::now, |clock| clock.now());
    signed(user, region.as_ref(), credentials, at)
}

fn signed(user: &str, region: &str, credentials: Credentials, at: SystemTime) -> Result<String, LoginError> {
    let query = format!("Action=connect&ResourceType=ServerlessCache&User={}", encode(user));
    let mut url = format!("{SCHEME}{user}/?{query}");
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(LIFE);
    settings.signature_location = SignatureLocation::QueryParams;
    let identity = credentials.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("elasticache")
        .time(at)
        .settings(settings)
        .build()
        .map_err(|error| LoginError::Signing(error.into()))?
        .into();
    let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(&[]));
    let request = request.map_err(|error| LoginError::Signing(error.into()))?;
    let signed = sign(request, &params).map_err(|error| LoginError::Signing(error.into()))?;
    let (instructions, _) = signed.into_parts();
    for (name, value) in instructions.params() {
        url.push_str(&format!("&{name}={}", encode(value)));
    }
    Ok(url.split_off(SCHEME.len()))
}

#[cfg(test)]
pub(super) mod tests {
    use aws_config::Region;
    use aws_credential_types::provider::SharedCredentialsProvider;
    use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};

    use super::*;

    const HOST: &str = "sluice-x.proxy-abc.eu-central-1.rds.amazonaws.com";
    const SESSION: &str = "token/with+signs=";

    /// Returns the configuration of a function with these credentials at 2026-11-24T12:00:00Z.
    pub(in crate::postgres::login) fn by(session: Option<&str>) -> SdkConfig {
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", secret, session.map(str::to_owned), None, "test");
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_521_600);
        SdkConfig::builder()
            .region(Region::new("eu-central-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .time_source(SharedTimeSource::new(StaticTimeSource::new(at)))
            .build()
    }

    /// Reports whether two tokens are the same except for the order of their parameters, which servers ignore.
    fn same(one: &str, other: &str) -> bool {
        let parts = |token: &str| {
            let mut parts: Vec<_> = token.split(['?', '&']).map(str::to_owned).collect();
            parts.sort_unstable();
            parts
        };
        parts(one) == parts(other)
    }

    /// Compares with the output of botocore's `generate_db_auth_token`.
    #[tokio::test]
    async fn database_tokens_equal_those_of_the_aws_sdk() {
        let query = "Action=connect&DBUser=sluice_store&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-central-1%2Frds-db%2Faws4_request&X-Amz-Date=20261124T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
        let without = "X-Amz-Signature=63cfbf2b7792b59f280d900c2de69db7670c1f25f6473ff7fa566c70c767c720";
        let with = "X-Amz-Security-Token=token%2Fwith%2Bsigns%3D&X-Amz-Signature=a3fd2d2ac43b6b076211118ca1a90ffda0a5fa5cdc553aa43a26640d675631df";
        for (session, rest) in [(None, without), (Some(SESSION), with)] {
            let made = database_token(HOST, 5432, "sluice_store", &by(session)).await.unwrap();
            assert!(made.starts_with(&format!("{HOST}:5432/?Action=connect&")), "{made}");
            assert!(same(&made, &format!("{HOST}:5432/?{query}&{rest}")), "{made}");
        }
    }

    /// Compares with the output of botocore's `RequestSigner`.
    #[tokio::test]
    async fn cache_tokens_equal_those_of_the_aws_sdk() {
        let query = "Action=connect&ResourceType=ServerlessCache&User=sluice-x-api&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20261124%2Feu-central-1%2Felasticache%2Faws4_request&X-Amz-Date=20261124T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
        let without = "X-Amz-Signature=f210d2c8bfa2901a5f270886e9863fc84c6dd2fad8a69898cffe68730d5e7444";
        let with = "X-Amz-Security-Token=token%2Fwith%2Bsigns%3D&X-Amz-Signature=98a91b07f3f33fd85d02da87e089c4c2d6e26f2a009ce3c2cd570a77926e5d72";
        for (session, rest) in [(None, without), (Some(SESSION), with)] {
            let made = cache_token("sluice-x-api", &by(session)).await.unwrap();
            assert!(same(&made, &format!("sluice-x-api/?{query}&{rest}")), "{made}");
        }
    }
}
