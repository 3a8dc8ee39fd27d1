//! `GET /exports/{id}`.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri, header};

use super::{Id, POLL_SECS, find, shape};
use crate::answer;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let export = find(&context, &caller.0, id).await?;
    let mut response = answer::json(StatusCode::OK, &shape::export(&export))?;
    if export.status.is_live() {
        response.headers_mut().insert(header::RETRY_AFTER, POLL_SECS.into());
    }
    Ok(response)
}
