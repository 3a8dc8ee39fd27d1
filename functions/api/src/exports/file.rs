//! `GET /exports/{id}/files/{name}`: 307 to a link for one file.

use axum::extract::{Path, State};
use axum::response::Response;
use http::Uri;

use super::{Id, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;
use crate::signed_links::IssuedLinks;

pub(crate) async fn file(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    Path((_, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let missing =
        || ApiError::not_found("the export or the file does not exist, or the file has not been written yet");
    // Text in PostgreSQL cannot contain NUL.
    if name.contains('\0') {
        return Err(missing());
    }
    match cached::file(&context, &caller, id, &name).await? {
        Some(file) => {
            let mut issued = IssuedLinks::file(id, &file.name);
            let link = issued.link(&context, &caller, &file.key, &file.name).await?;
            let mut response = response::redirect(&link, issued)?;
            if let Some(sha256) = &file.sha256 {
                response::add_digest(&mut response, sha256);
            }
            Ok(response)
        }
        None => match context.store.invalidated_file(&caller.tenant, id, &name).await? {
            Some(why) => Err(ApiError::gone(why)),
            None => Err(missing()),
        },
    }
}
