//! Buckets of Amazon S3, of this account or another one.

mod copy;

use async_trait::async_trait;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Region;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{ChecksumAlgorithm, ServerSideEncryption};
use bytes::Bytes;
use export::delivery::DeliveryCode;
use export::destination::Destination as Definition;

use super::error::classify;
use super::{Copy, Destination, DestinationError, Destinations, FileCopy};
use crate::telemetry::chain;

/// Maximum size in bytes of a file that is copied in one call, and of the parts of a larger one. S3 allows 5 GiB, but a call
/// takes several seconds per GiB and has to be repeated as a whole.
pub const PART_BYTES: u64 = 256 << 20;

/// Opens buckets of S3.
#[derive(Clone, Copy, Debug)]
pub struct S3Destinations {
    part_bytes: u64,
}

impl S3Destinations {
    /// Configures the size in bytes above which files are copied in parts; see [`PART_BYTES`].
    pub fn new(part_bytes: u64) -> Self {
        Self { part_bytes: part_bytes.max(1) }
    }
}

#[async_trait]
impl Destinations for S3Destinations {
    async fn open(
        &self,
        definition: &Definition,
        session: &str,
    ) -> Result<Box<dyn Destination>, DestinationError> {
        let shared = crate::config::aws().await;
        let mut config = aws_sdk_s3::config::Builder::from(shared)
            .force_path_style(crate::objects::is_stand_in(shared.endpoint_url()));
        if let Some(region) = &definition.region {
            config = config.region(Region::new(region.clone()));
        }
        if let Some(role) = &definition.role_arn {
            let mut provider = AssumeRoleProvider::builder(role).configure(shared).session_name(session);
            if let Some(id) = &definition.external_id {
                provider = provider.external_id(id);
            }
            let provider = provider.build().await;
            // Taken on here, so that a refusal is not reported as that of a copy.
            provider.provide_credentials().await.map_err(|error| {
                let message = format!("the role {role} cannot be taken on: {}", chain(&error));
                DestinationError::new(DeliveryCode::RoleDenied, message)
            })?;
            config = config.credentials_provider(SharedCredentialsProvider::new(provider));
        }
        Ok(Box::new(S3Destination {
            client: Client::from_conf(config.build()),
            bucket: definition.bucket.clone(),
            kms_key: definition.kms_key.clone(),
            part_bytes: self.part_bytes,
        }))
    }
}

/// An open bucket.
struct S3Destination {
    client: Client,
    bucket: String,
    kms_key: Option<String>,
    part_bytes: u64,
}

impl S3Destination {
    /// Returns the encryption that is requested; `None` for the default of the bucket.
    fn encryption(&self) -> Option<ServerSideEncryption> {
        self.kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms)
    }
}

#[async_trait]
impl Destination for S3Destination {
    async fn copy(&self, file: &FileCopy<'_>) -> Result<Copy, DestinationError> {
        copy::copy(self, file).await
    }

    async fn put(&self, key: &str, body: Bytes, content_type: &str) -> Result<(), DestinationError> {
        self.client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .content_type(content_type)
            .set_server_side_encryption(self.encryption())
            .set_ssekms_key_id(self.kms_key.clone())
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .body(body.into())
            .send()
            .await
            .map_err(failed("write to the destination", "s3:PutObject at the destination"))?;
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<(), DestinationError> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        delete.map_err(failed("delete at the destination", "s3:DeleteObject at the destination"))?;
        Ok(())
    }
}

/// Classifies the failure of a call that takes a right.
fn failed<E>(call: &'static str, right: &'static str) -> impl FnOnce(SdkError<E>) -> DestinationError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    move |error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let message = error.message().map_or_else(|| chain(&error), str::to_owned);
        classify(status, error.code(), &message, call, right)
    }
}
