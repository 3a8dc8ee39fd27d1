//! `GET /exports/{id}/manifest`: 307 to a link for the manifest, once it exists.

use axum::extract::State;
use axum::response::Response;
use http::Uri;

use super::{Id, POLL_SECS, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::documents::MANIFEST_SCHEMA;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;
use crate::signed_links::IssuedLinks;

pub(crate) async fn manifest(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let (export, _) = cached::export(&context, &caller, id).await?;
    match &export.manifest_key {
        Some(key) => {
            let mut issued = IssuedLinks::manifest(id);
            let link = issued.link(&context, &caller, key, &format!("{id}.manifest.json")).await?;
            let mut response = response::redirect(&link, issued)?;
            response::add_typed_link(
                &mut response,
                MANIFEST_SCHEMA,
                "describedby",
                "application/schema+json",
            );
            Ok(response)
        }
        None if export.status.is_live() => {
            let detail =
                format!("the export is {}; its manifest is available once it has succeeded", export.status);
            Err(ApiError::not_yet(detail, POLL_SECS))
        }
        None if export.invalidated => Err(ApiError::gone(
            "files of the export were invalidated by the operator; retry the export, or create a new one",
        )),
        None => Err(ApiError::not_found(format!("the export is {}; it has no manifest", export.status))),
    }
}
