//! Multipart uploads: create, parts, complete, abort.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use aws_sdk_s3::types::{ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::{IMMUTABLE, Meta, ObjectsError, ObjectsErrorKind, S3Objects, Upload, failed, list};
use crate::objects::attachment;

pub(super) struct S3Upload {
    s3: S3Objects,
    key: String,
    id: String,
    parts: Mutex<BTreeMap<u32, CompletedPart>>,
}

pub(super) async fn begin(s3: &S3Objects, key: &str, meta: &Meta) -> Result<S3Upload, ObjectsError> {
    const WHAT: &str = "begin an upload";
    let created = s3
        .client()
        .await
        .create_multipart_upload()
        .bucket(&s3.bucket)
        .key(key)
        .content_type(&meta.content_type)
        .set_content_disposition(meta.download_name.as_deref().map(attachment))
        .set_cache_control(meta.immutable.then(|| IMMUTABLE.to_owned()))
        // Set here, since otherwise S3 would accept later checksums without verifying them.
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .checksum_type(ChecksumType::FullObject)
        .send()
        .await
        .map_err(failed(WHAT))?;
    let id = created.upload_id().ok_or(ObjectsError::bare(WHAT, ObjectsErrorKind::Other))?.to_owned();
    Ok(S3Upload { s3: s3.clone(), key: key.to_owned(), id, parts: Mutex::default() })
}

#[async_trait]
impl Upload for S3Upload {
    async fn part(&self, number: u32, body: Bytes) -> Result<(), ObjectsError> {
        let number_i32 = i32::try_from(number).unwrap_or(i32::MAX);
        let sent = self
            .s3
            .client()
            .await
            .upload_part()
            .bucket(&self.s3.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .part_number(number_i32)
            .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
            .body(body.into())
            .customize()
            // The checksum and TLS protect the body; a second SHA-256 in addition to the file's own would cost as
            // much as that one.
            .disable_payload_signing()
            .send()
            .await
            .map_err(failed("store a part"))?;
        let part = CompletedPart::builder()
            .part_number(number_i32)
            .set_e_tag(sent.e_tag().map(str::to_owned))
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme().map(str::to_owned))
            .build();
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(number, part);
        Ok(())
    }

    async fn complete(&self) -> Result<(), ObjectsError> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        self.s3
            .client()
            .await
            .complete_multipart_upload()
            .bucket(&self.s3.bucket)
            .key(&self.key)
            .upload_id(&self.id)
            .checksum_type(ChecksumType::FullObject)
            .multipart_upload(list)
            .send()
            .await
            .map_err(failed("complete an upload"))?;
        Ok(())
    }

    async fn abort(&self) -> Result<(), ObjectsError> {
        list::abort(&self.s3, &self.key, &self.id).await.map(|_| ())
    }
}
