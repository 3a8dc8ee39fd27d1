//! ListObjectsV2 and ListMultipartUploads.

use super::{ObjectsError, ObjectsErrorKind, Page, S3Objects, failed};

pub(super) async fn list(s3: &S3Objects, prefix: &str, after: Option<&str>) -> Result<Page, ObjectsError> {
    let call = s3.client().await.list_objects_v2().bucket(&s3.bucket).prefix(prefix);
    let answer = call.set_start_after(after.map(str::to_owned)).send().await;
    let answer = answer.map_err(failed("list objects"))?;
    let keys = answer.contents().iter().filter_map(|object| object.key().map(str::to_owned)).collect();
    Ok(Page { keys, more: answer.is_truncated().unwrap_or(false) })
}

pub(super) async fn abort_uploads(s3: &S3Objects, prefix: &str) -> Result<usize, ObjectsError> {
    let (mut aborted, mut after_key, mut after_upload) = (0, None, None);
    loop {
        let call = s3.client().await.list_multipart_uploads().bucket(&s3.bucket).prefix(prefix);
        let call = call.set_key_marker(after_key).set_upload_id_marker(after_upload);
        let page = call.send().await.map_err(failed("list unfinished uploads"))?;
        for upload in page.uploads() {
            // Not every stand-in filters by prefix.
            let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) else { continue };
            if key.starts_with(prefix) {
                aborted += usize::from(abort(s3, key, id).await?);
            }
        }
        if !page.is_truncated().unwrap_or(false) || page.next_key_marker().is_none() {
            return Ok(aborted);
        }
        after_key = page.next_key_marker().map(str::to_owned);
        after_upload = page.next_upload_id_marker().map(str::to_owned);
    }
}

/// Aborts one upload; returns false if it was complete or aborted already.
pub(super) async fn abort(s3: &S3Objects, key: &str, id: &str) -> Result<bool, ObjectsError> {
    let call = s3.client().await.abort_multipart_upload().bucket(&s3.bucket).key(key).upload_id(id);
    match call.send().await.map_err(failed("abort an upload")) {
        Ok(_) => Ok(true),
        Err(error) if error.kind == ObjectsErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
