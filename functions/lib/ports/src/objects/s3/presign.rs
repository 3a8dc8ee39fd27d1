//! Links: a signed GetObject. No call is made.

use std::time::Duration;

use aws_sdk_s3::presigning::PresigningConfig;

use super::{Kind, ObjectsError, S3Objects, failed};
use crate::objects::attachment;

pub(super) async fn presign_get(
    s3: &S3Objects,
    key: &str,
    secs: u32,
    download_name: Option<&str>,
) -> Result<String, ObjectsError> {
    const WHAT: &str = "create a link";
    let config = PresigningConfig::expires_in(Duration::from_secs(secs.into()));
    let config = config.map_err(|error| ObjectsError::new(WHAT, Kind::Other, error))?;
    let call = s3.client().await.get_object().bucket(&s3.bucket).key(key);
    let call = call.set_response_content_disposition(download_name.map(attachment));
    let request = call.presigned(config).await.map_err(failed(WHAT))?;
    Ok(request.uri().to_owned())
}
