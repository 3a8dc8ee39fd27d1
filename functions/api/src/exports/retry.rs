//! `POST /exports/{id}/retry`: plans anew what failed, under the catalog in force.

use axum::extract::State;
use axum::response::Response;
use export::request::Request;
use http::Uri;
use ports::store::RetryError;

use super::accept::{accepted_answer, limits};
use super::create::scope;
use super::{Id, dispatch, find, finish};
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn retry(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let body = context.store.request_of(&caller.0, id).await?.ok_or_else(Refusal::no_export)?;
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(Refusal::no_catalog)?;
    let request =
        Request::parse(&body, &scope(&context, &caller, &applied)).map_err(|violations| Refusal {
            violations,
            ..Refusal::conflict("the catalog has changed and this request no longer fits it; send a new one")
        })?;
    let (limits, deadline_secs) = (limits(&context), context.settings.deadline_secs);
    context
        .store
        .retry(&caller.0, id, &request.wants, &applied.revision_id, limits, deadline_secs)
        .await
        .map_err(refused)?;
    dispatch(&context).await;
    // Every range that failed may have been read by another export meanwhile.
    finish(&context, id).await;
    accepted_answer(&find(&context, &caller.0, id).await?)
}

fn refused(error: RetryError) -> Refusal {
    match error {
        RetryError::NotFound => Refusal::no_export(),
        RetryError::NotFailed(status) => {
            Refusal::conflict(format!("the export is {status}; only a failed export can be retried"))
        }
        RetryError::TooManyChunks(too_many) => Refusal::conflict(too_many.to_string()),
        RetryError::Store(error) => error.into(),
    }
}
