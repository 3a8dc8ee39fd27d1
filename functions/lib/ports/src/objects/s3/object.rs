//! Calls for one object: PutObject, GetObject, HeadObject, and links, which are signed GetObject requests.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumAlgorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::{IMMUTABLE, Meta, ObjectsError, ObjectsErrorKind, S3Objects, failed};
use crate::objects::attachment;

/// Name of the metadata with the digest of an object (RFC 9530); S3 sends it as `x-amz-meta-repr-digest`.
const DIGEST: &str = "repr-digest";

pub(super) async fn put(s3: &S3Objects, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError> {
    s3.client()
        .await
        .put_object()
        .bucket(&s3.bucket)
        .key(key)
        .content_type(&meta.content_type)
        .set_content_disposition(meta.download_name.as_deref().map(attachment))
        .set_cache_control(meta.immutable.then(|| IMMUTABLE.to_owned()))
        .metadata(DIGEST, repr_digest(&body))
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .body(body.into())
        .send()
        .await
        .map_err(failed("write an object"))?;
    Ok(())
}

fn repr_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(digest::digest(&digest::SHA256, body)))
}

pub(super) async fn get(s3: &S3Objects, key: &str) -> Result<Bytes, ObjectsError> {
    const WHAT: &str = "read an object";
    let object =
        s3.client().await.get_object().bucket(&s3.bucket).key(key).send().await.map_err(failed(WHAT))?;
    let body = object.body.collect().await;
    Ok(body.map_err(|error| ObjectsError::new(WHAT, ObjectsErrorKind::Unavailable, error))?.into_bytes())
}

pub(super) async fn size(s3: &S3Objects, key: &str) -> Result<Option<u64>, ObjectsError> {
    let head = s3.client().await.head_object().bucket(&s3.bucket).key(key).send().await;
    match head.map_err(failed("read the metadata of an object")) {
        Ok(head) => Ok(Some(head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or(0))),
        Err(error) if error.kind == ObjectsErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Signs a link. No call is made.
pub(super) async fn presign_get(
    s3: &S3Objects,
    key: &str,
    secs: u32,
    download_name: Option<&str>,
) -> Result<String, ObjectsError> {
    const WHAT: &str = "create a link";
    let config = PresigningConfig::expires_in(Duration::from_secs(secs.into()));
    let config = config.map_err(|error| ObjectsError::new(WHAT, ObjectsErrorKind::Other, error))?;
    let call = s3.client().await.get_object().bucket(&s3.bucket).key(key);
    let call = call.set_response_content_disposition(download_name.map(attachment));
    let request = call.presigned(config).await.map_err(failed(WHAT))?;
    Ok(request.uri().to_owned())
}
