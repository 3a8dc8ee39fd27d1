//! Amazon S3, or a compatible service.
//!
//! Checksums: the whole object's CRC64NVME is requested when an upload begins, and the SDK sends one with every body.
//! Checksums in responses are optional everywhere, since stand-ins do not return them.

mod delete;
mod list;
mod object;
mod upload;

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use bytes::Bytes;
use tokio::sync::OnceCell;

use super::{Meta, Objects, ObjectsError, ObjectsErrorKind, Page, Upload};

/// Cache header of immutable objects: an object's key is never written twice.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// One bucket. Its clones share one client.
#[derive(Clone, Debug)]
pub struct S3Objects {
    client: Arc<OnceCell<Client>>,
    bucket: String,
}

impl S3Objects {
    /// Configures the bucket; the client is created at its first use. `AWS_ENDPOINT_URL[_S3]` is respected, and such
    /// an endpoint is addressed by path, as stand-ins require.
    pub fn new(bucket: impl Into<String>) -> Self {
        Self { client: Arc::default(), bucket: bucket.into() }
    }

    async fn client(&self) -> &Client {
        let connect = || async {
            let config = crate::config::aws().await;
            let by_path = is_stand_in(config.endpoint_url());
            Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(by_path).build())
        };
        self.client.get_or_init(connect).await
    }
}

#[async_trait]
impl Objects for S3Objects {
    fn bucket(&self) -> &str {
        &self.bucket
    }

    async fn put(&self, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError> {
        object::put(self, key, body, meta).await
    }

    async fn upload(&self, key: &str, meta: &Meta) -> Result<Box<dyn Upload>, ObjectsError> {
        Ok(Box::new(upload::begin(self, key, meta).await?))
    }

    async fn get(&self, key: &str) -> Result<Bytes, ObjectsError> {
        object::get(self, key).await
    }

    async fn size(&self, key: &str) -> Result<Option<u64>, ObjectsError> {
        object::size(self, key).await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), ObjectsError> {
        delete::delete(self, keys).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Page, ObjectsError> {
        list::list(self, prefix, after).await
    }

    async fn abort_uploads(&self, prefix: &str) -> Result<usize, ObjectsError> {
        list::abort_uploads(self, prefix).await
    }

    async fn presign_get(&self, key: &str, secs: u32, name: Option<&str>) -> Result<String, ObjectsError> {
        object::presign_get(self, key, secs, name).await
    }
}

/// Returns true if the service is a stand-in for S3, which is addressed by path.
pub(crate) fn is_stand_in(endpoint: Option<&str>) -> bool {
    ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|v| std::env::var_os(v).is_some())
        || endpoint.is_some()
}

/// Classifies failures of S3, in this one place. The SDK has already retried what it could.
fn failed<E>(what: &'static str) -> impl FnOnce(SdkError<E>) -> ObjectsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    move |error| {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let kind = kind(status, error.code());
        // As text, because the SDK's types are not exposed and its errors are meaningless without their chain.
        ObjectsError::new(what, kind, DisplayErrorContext(&error).to_string())
    }
}

fn kind(status: Option<u16>, code: Option<&str>) -> ObjectsErrorKind {
    match (status, code) {
        (_, Some("SlowDown" | "Throttling" | "ThrottlingException" | "RequestLimitExceeded"))
        | (Some(429), _) => ObjectsErrorKind::Throttled,
        (_, Some("NoSuchBucket")) => ObjectsErrorKind::NoBucket,
        (_, Some("NoSuchKey" | "NoSuchUpload" | "NotFound")) | (Some(404), _) => ObjectsErrorKind::NotFound,
        (_, Some("RequestTimeout" | "InternalError" | "ServiceUnavailable")) => ObjectsErrorKind::Unavailable,
        (_, Some("ExpiredToken" | "RequestTimeTooSkewed")) => ObjectsErrorKind::Unavailable,
        (Some(401 | 403), _) => ObjectsErrorKind::Denied,
        (None | Some(500..), _) => ObjectsErrorKind::Unavailable,
        _ => ObjectsErrorKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s3_failures_are_classified() {
        assert_eq!(kind(Some(503), Some("SlowDown")), ObjectsErrorKind::Throttled);
        assert_eq!(kind(Some(404), None), ObjectsErrorKind::NotFound);
        assert_eq!(kind(Some(404), Some("NoSuchBucket")), ObjectsErrorKind::NoBucket);
        assert_eq!(kind(Some(403), Some("AccessDenied")), ObjectsErrorKind::Denied);
        assert_eq!(kind(None, None), ObjectsErrorKind::Unavailable);
        assert_eq!(kind(Some(502), None), ObjectsErrorKind::Unavailable);
        assert_eq!(kind(Some(400), Some("EntityTooSmall")), ObjectsErrorKind::Other);
    }
}
