//! `POST /exports/{id}/retry`: plans the failed ranges again, under the catalog in force.

use axum::extract::State;
use axum::response::Response;
use export::id::ExportId;
use export::request::Request;
use http::Uri;
use serde_json::Value;
use store::{Applied, RetryError};

use super::accept::{accepted_response, limits, scope};
use super::{Id, dispatch, find, finish};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::visible;

pub(crate) async fn retry(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let body = context.store.request_of(&caller.tenant, id).await?.ok_or_else(ApiError::no_export)?;
    let applied = visible::in_force(&context, &caller).await?;
    let retried = match read_and_retry(&context, &caller, id, &body, &applied).await? {
        Err(RetryError::CatalogChanged) => {
            // The cached catalog is older than the one in force.
            let applied = visible::refreshed(&context, &caller).await?;
            read_and_retry(&context, &caller, id, &body, &applied).await?
        }
        decided => decided,
    };
    context.keys.forget(&caller.tenant);
    retried.map_err(refused)?;
    dispatch(&context).await;
    // Another export may have read every failed range in the meantime.
    finish(&context, id).await;
    accepted_response(&find(&context, &caller.tenant, id).await?)
}

async fn read_and_retry(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    body: &Value,
    applied: &Applied,
) -> Result<Result<(), RetryError>, ApiError> {
    let request = Request::parse(body, &scope(context, caller, applied)).map_err(|violations| ApiError {
        violations,
        ..ApiError::conflict(
            "the catalog has changed and the export's request is no longer valid; create a new export",
        )
    })?;
    let (limits, deadline_secs) = (limits(context), context.settings.deadline_secs);
    Ok(context
        .store
        .retry(&caller.tenant, id, &request.targets, &applied.revision_id, limits, deadline_secs)
        .await)
}

fn refused(error: RetryError) -> ApiError {
    match error {
        RetryError::NotFound => ApiError::no_export(),
        RetryError::NotFailed(status) => {
            ApiError::conflict(format!("the export is {status}; only a failed export can be retried"))
        }
        RetryError::Full(full) => ApiError::full(full),
        RetryError::CatalogChanged => ApiError::catalog_changed(),
        RetryError::TooManyChunks(too_many) => {
            ApiError::conflict(format!("{too_many}; {}", too_many.remedy()))
        }
        RetryError::Store(error) => error.into(),
    }
}
