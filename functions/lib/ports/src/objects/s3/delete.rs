//! DeleteObjects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::{ObjectsError, ObjectsErrorKind, S3Objects, failed, kind};

/// S3's limit per call.
const KEYS_PER_CALL: usize = 1_000;

const WHAT: &str = "delete objects";

pub(super) async fn delete(s3: &S3Objects, keys: &[String]) -> Result<(), ObjectsError> {
    for keys in keys.chunks(KEYS_PER_CALL) {
        let named = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build());
        let named: Vec<_> = named
            .collect::<Result<_, _>>()
            .map_err(|error| ObjectsError::new(WHAT, ObjectsErrorKind::Other, error))?;
        let list = Delete::builder().set_objects(Some(named)).quiet(true).build();
        let list = list.map_err(|error| ObjectsError::new(WHAT, ObjectsErrorKind::Other, error))?;
        let call = s3.client().await.delete_objects().bucket(&s3.bucket).delete(list);
        let answer = call.send().await.map_err(failed(WHAT))?;
        // The call succeeds even if a key was refused.
        if let Some(first) = answer.errors().first() {
            let text = format!("{}: {}", first.code().unwrap_or("?"), first.message().unwrap_or("?"));
            let status = if first.code() == Some("AccessDenied") { 403 } else { 400 };
            return Err(ObjectsError::new(WHAT, kind(Some(status), first.code()), text));
        }
    }
    Ok(())
}
