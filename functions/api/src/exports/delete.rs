//! `DELETE /exports/{id}`: cancels a live export, deletes an ended one.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use store::Ended;

use super::{Id, dispatch, find, monitor, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let ended = context.store.cancel_or_delete(&caller.tenant, id).await;
    // After an error too: the commit may have succeeded before the error.
    context.keys.forget(&caller.tenant);
    match ended? {
        Ended::NotFound => Err(ApiError::no_export()),
        Ended::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
        Ended::Canceled => {
            // Its dispatched chunks no longer count, so other chunks can be dispatched.
            dispatch(&context).await;
            let export = find(&context, &caller.tenant, id).await?;
            let mut response = response::json(StatusCode::ACCEPTED, &to_wire::export(&export))?;
            monitor(&mut response, id);
            Ok(response)
        }
    }
}
