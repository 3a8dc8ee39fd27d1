//! `POST /exports/{id}/extend`: keeps the files of an ended export for another retention period, counted from now.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};

use super::{Id, find, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn extend(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let extended = context.store.extend(&caller.tenant, id).await;
    // After an error too: the commit may have succeeded before the error.
    context.keys.forget(&caller.tenant);
    let extended = extended?;
    let export = find(&context, &caller.tenant, id).await?;
    if extended {
        response::json(StatusCode::OK, &to_wire::export(&export))
    } else {
        Err(ApiError::conflict(format!(
            "the export is {}; only an export that has ended can be extended",
            export.status
        )))
    }
}
