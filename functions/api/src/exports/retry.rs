//! `POST /exports/{id}/retry`: plans the failed ranges again, under the catalog in force.

use axum::extract::State;
use axum::response::Response;
use export::destination;
use export::id::ExportId;
use export::request::Request;
use http::{HeaderMap, Uri};
use serde_json::Value;
use store::{Applied, RetryError, RetryTerms};

use super::accept::{accepted_response, limits, scope};
use super::{Id, dispatch, find, finish};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::{destinations, trace, visible};

pub(crate) async fn retry(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let traceparent = trace::of(&headers);
    let body = context.store.request_of(&caller.tenant, id).await?.ok_or_else(ApiError::no_export)?;
    // An export that has succeeded may only lack its delivery, for which nothing is read.
    if destination::of(&body).is_some() && context.store.retry_delivery(&caller.tenant, id).await? {
        destinations::send(&context).await;
        return accepted_response(&find(&context, &caller.tenant, id).await?);
    }
    let applied = visible::in_force(&context, &caller).await?;
    let retried = match read_and_retry(&context, &caller, id, &body, &applied, traceparent.as_deref()).await?
    {
        Err(RetryError::CatalogChanged) => {
            // The cached catalog is older than the one in force.
            let applied = visible::refreshed(&context, &caller).await?;
            read_and_retry(&context, &caller, id, &body, &applied, traceparent.as_deref()).await?
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
    traceparent: Option<&str>,
) -> Result<Result<(), RetryError>, ApiError> {
    let request = Request::parse(body, &scope(context, caller, applied)).map_err(|violations| ApiError {
        violations,
        ..ApiError::conflict(
            "the catalog has changed and the export's request is no longer valid; create a new export",
        )
    })?;
    let terms =
        RetryTerms { limits: limits(context), deadline_secs: context.settings.deadline_secs, traceparent };
    Ok(context.store.retry(&caller.tenant, id, &request.targets, &applied.revision_id, &terms).await)
}

fn refused(error: RetryError) -> ApiError {
    match error {
        RetryError::NotFound => ApiError::no_export(),
        RetryError::NotFailed(status) => {
            ApiError::conflict(format!("the export is {status}; only a failed export can be retried"))
        }
        RetryError::Full(full) => ApiError::full(full),
        RetryError::UsedUp(used_up) => ApiError::used_up(&used_up),
        RetryError::CatalogChanged => ApiError::catalog_changed(),
        RetryError::TooManyChunks(too_many) => {
            ApiError::conflict(format!("{too_many}; {}", too_many.remedy()))
        }
        RetryError::Store(error) => error.into(),
    }
}
