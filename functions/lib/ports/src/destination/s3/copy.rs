//! Copies within S3: CopyObject, and UploadPartCopy for large files.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, MetadataDirective,
};
use export::delivery::DeliveryCode;
use futures::{StreamExt, TryStreamExt, stream};

use super::{Copy, DestinationError, FileCopy, S3Destination, failed};

/// Number of parts of a file that are copied at the same time.
const PARTS_AT_ONCE: usize = 8;

/// Maximum number of parts of an object.
const MAX_PARTS: u64 = 10_000;

const COPY: &str = "copy a file to the destination";
const RIGHTS: &str = "s3:GetObject for the files, or s3:PutObject at the destination";

/// Size and checksum of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    bytes: u64,
    /// CRC64NVME of the whole object, in base64; `None` if the service does not report it.
    checksum: Option<String>,
}

impl Content {
    fn of(head: &HeadObjectOutput) -> Self {
        Self {
            bytes: head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
            checksum: head.checksum_crc64_nvme().map(str::to_owned),
        }
    }

    /// Returns true if both are known to be the same.
    fn is_known_as(&self, other: &Self) -> bool {
        self.checksum.is_some() && self == other
    }
}

pub(super) async fn copy(to: &S3Destination, file: &FileCopy<'_>) -> Result<Copy, DestinationError> {
    let head =
        to.client.head_object().bucket(file.bucket).key(file.from).checksum_mode(ChecksumMode::Enabled);
    let head = head.send().await.map_err(failed("read a file", "s3:GetObject for the files"))?;
    let content = Content::of(&head);
    // Without s3:ListBucket a missing object is refused like one that may not be read, so a failure means nothing here.
    let there = to.client.head_object().bucket(&to.bucket).key(file.to).checksum_mode(ChecksumMode::Enabled);
    if let Ok(there) = there.send().await
        && Content::of(&there).is_known_as(&content)
    {
        return Ok(Copy::Present);
    }
    let checksum = if content.bytes <= to.part_bytes {
        whole(to, file).await?
    } else {
        in_parts(to, file, &head, content.bytes).await?
    };
    if let (Some(copied), Some(original)) = (&checksum, &content.checksum)
        && copied != original
    {
        let _ = to.client.delete_object().bucket(&to.bucket).key(file.to).send().await;
        return Err(DestinationError::new(
            DeliveryCode::ChecksumMismatch,
            format!("the copy {} has the checksum {copied}, its file {original}", file.to),
        ));
    }
    Ok(Copy::Made)
}

fn source(file: &FileCopy<'_>) -> String {
    format!("{}/{}", file.bucket, file.from)
}

/// Copies a file in one call. Returns the checksum of the copy.
async fn whole(to: &S3Destination, file: &FileCopy<'_>) -> Result<Option<String>, DestinationError> {
    let copied = to
        .client
        .copy_object()
        .copy_source(source(file))
        .bucket(&to.bucket)
        .key(file.to)
        .metadata_directive(MetadataDirective::Copy)
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .set_server_side_encryption(to.encryption())
        .set_ssekms_key_id(to.kms_key.clone())
        .send()
        .await
        .map_err(failed(COPY, RIGHTS))?;
    Ok(copied.copy_object_result().and_then(|result| result.checksum_crc64_nvme()).map(str::to_owned))
}

/// Copies a file in parts. Returns the checksum of the copy. A copy that fails leaves no parts, unless the process dies.
async fn in_parts(
    to: &S3Destination,
    file: &FileCopy<'_>,
    head: &HeadObjectOutput,
    bytes: u64,
) -> Result<Option<String>, DestinationError> {
    let created = to
        .client
        .create_multipart_upload()
        .bucket(&to.bucket)
        .key(file.to)
        .set_content_type(head.content_type().map(str::to_owned))
        .set_content_disposition(head.content_disposition().map(str::to_owned))
        .set_cache_control(head.cache_control().map(str::to_owned))
        .set_metadata(head.metadata().cloned())
        .set_server_side_encryption(to.encryption())
        .set_ssekms_key_id(to.kms_key.clone())
        .checksum_algorithm(ChecksumAlgorithm::Crc64Nvme)
        .checksum_type(ChecksumType::FullObject)
        .send()
        .await
        .map_err(failed(COPY, RIGHTS))?;
    let id = created.upload_id().unwrap_or_default();
    let made = parts(to, file, id, bytes).await;
    if made.is_err() {
        let abort = to.client.abort_multipart_upload().bucket(&to.bucket).key(file.to).upload_id(id);
        let _ = abort.send().await;
    }
    made
}

async fn parts(
    to: &S3Destination,
    file: &FileCopy<'_>,
    id: &str,
    bytes: u64,
) -> Result<Option<String>, DestinationError> {
    let copies = spans(bytes, to.part_bytes).map(|(number, first, last)| async move {
        let copied = to
            .client
            .upload_part_copy()
            .copy_source(source(file))
            .copy_source_range(format!("bytes={first}-{last}"))
            .bucket(&to.bucket)
            .key(file.to)
            .upload_id(id)
            .part_number(number)
            .send()
            .await
            .map_err(failed(COPY, RIGHTS))?;
        let result = copied.copy_part_result();
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(result.and_then(|result| result.e_tag()).map(str::to_owned))
            .set_checksum_crc64_nvme(
                result.and_then(|result| result.checksum_crc64_nvme()).map(str::to_owned),
            )
            .build())
    });
    let parts: Vec<CompletedPart> = stream::iter(copies).buffered(PARTS_AT_ONCE).try_collect().await?;
    let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
    let complete = to
        .client
        .complete_multipart_upload()
        .bucket(&to.bucket)
        .key(file.to)
        .upload_id(id)
        .checksum_type(ChecksumType::FullObject)
        .multipart_upload(list)
        .send()
        .await
        .map_err(failed(COPY, RIGHTS))?;
    Ok(complete.checksum_crc64_nvme().map(str::to_owned))
}

/// Returns number, first and last byte of each part: of `part_bytes`, or of more if there would be too many.
fn spans(bytes: u64, part_bytes: u64) -> impl Iterator<Item = (i32, u64, u64)> {
    let length = part_bytes.max(bytes.div_ceil(MAX_PARTS)).max(1);
    (0..bytes.div_ceil(length)).map(move |i| {
        let number = i32::try_from(i + 1).unwrap_or(i32::MAX);
        (number, i * length, (bytes - 1).min((i + 1) * length - 1))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_have_inclusive_ends() {
        assert_eq!(spans(25, 10).collect::<Vec<_>>(), [(1, 0, 9), (2, 10, 19), (3, 20, 24)]);
        assert_eq!(spans(20, 10).count(), 2);
    }

    proptest! {
        #[test]
        fn parts_tile_the_file(bytes in 1u64..1 << 44, part_bytes in 1u64..1 << 33) {
            let mut next = 0;
            // Tiny parts of a huge file grow until there are few enough.
            for (i, (number, first, last)) in spans(bytes, part_bytes).enumerate() {
                prop_assert_eq!((number as usize, first), (i + 1, next));
                prop_assert!(last >= first);
                next = last + 1;
            }
            prop_assert_eq!(next, bytes);
            prop_assert!(spans(bytes, part_bytes).count() as u64 <= MAX_PARTS);
        }
    }
}
