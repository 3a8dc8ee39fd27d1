//! `GET /exports/{id}`.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri, header};

use super::{Id, POLL_SECS, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let (cached, body) = cached::export(&context, &caller, id).await?;
    let mut response = response::rendered(StatusCode::OK, body);
    if cached.status.is_live() {
        response.headers_mut().insert(header::RETRY_AFTER, POLL_SECS.into());
    }
    Ok(response)
}
