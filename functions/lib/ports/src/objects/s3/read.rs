//! GetObject and HeadObject.

use bytes::Bytes;

use super::{Kind, ObjectsError, S3Objects, failed};

pub(super) async fn get(s3: &S3Objects, key: &str) -> Result<Bytes, ObjectsError> {
    const WHAT: &str = "read an object";
    let object =
        s3.client().await.get_object().bucket(&s3.bucket).key(key).send().await.map_err(failed(WHAT))?;
    let body = object.body.collect().await;
    Ok(body.map_err(|error| ObjectsError::new(WHAT, Kind::Unavailable, error))?.into_bytes())
}

pub(super) async fn size(s3: &S3Objects, key: &str) -> Result<Option<u64>, ObjectsError> {
    let head = s3.client().await.head_object().bucket(&s3.bucket).key(key).send().await;
    match head.map_err(failed("look at an object")) {
        Ok(head) => Ok(Some(head.content_length().and_then(|n| u64::try_from(n).ok()).unwrap_or(0))),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
