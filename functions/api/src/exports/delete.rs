//! `DELETE /exports/{id}?if=`: cancels a live export, deletes an ended one; with `if` only the one or the other.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use store::{Ended, Expected};

use super::{Id, dispatch, find, monitor, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::destinations;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn delete(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["if"]);
    let state = |text: &str| match text {
        "live" => Some(Expected::Live),
        "ended" => Some(Expected::Ended),
        _ => None,
    };
    let expected = params.get("if", "use live or ended", state).unwrap_or(Expected::Any);
    params.check()?;
    let ended = context.store.cancel_or_delete_if(&caller.tenant, id, expected).await;
    // After an error too: the commit may have succeeded before the error.
    context.keys.forget(&caller.tenant);
    match ended? {
        Ended::NotFound => Err(ApiError::no_export()),
        Ended::Deleted => {
            destinations::send(&context).await;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Ended::Unchanged => {
            let status = find(&context, &caller.tenant, id).await?.status;
            Err(ApiError::conflict(match expected {
                Expected::Ended => {
                    format!("the export is {status}; only an export that has ended can be deleted")
                }
                _ => format!(
                    "the export has already ended: it is {status}; only a live export can be canceled"
                ),
            }))
        }
        Ended::Canceled => {
            // Its dispatched chunks no longer count, so other chunks can be dispatched.
            dispatch(&context).await;
            destinations::send(&context).await;
            let export = find(&context, &caller.tenant, id).await?;
            let mut response = response::json(StatusCode::ACCEPTED, &to_wire::export(&export))?;
            monitor(&mut response, id);
            Ok(response)
        }
    }
}
