//! PutObject.

use aws_sdk_s3::types::ChecksumAlgorithm;
use bytes::Bytes;

use super::{IMMUTABLE, Meta, ObjectsError, S3Objects, failed};
use crate::objects::attachment;

pub(super) async fn put(s3: &S3Objects, key: &str, body: Bytes, meta: &Meta) -> Result<(), ObjectsError> {
    s3.client()
        .await
        .put_object()
        .bucket(&s3.bucket)
        .key(key)
        .content_type(&meta.content_type)
        .set_content_disposition(meta.download_name.as_deref().map(attachment))
        .set_cache_control(meta.immutable.then(|| IMMUTABLE.to_owned()))
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .body(body.into())
        .send()
        .await
        .map_err(failed("write an object"))?;
    Ok(())
}
