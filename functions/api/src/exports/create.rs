//! `POST /exports` and its short form `POST /{dataset}`.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri};

use super::accept::{self, Sent, Terms};
use crate::body::Body;
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::prefer::{self, Preferences};

pub(crate) async fn create(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let terms = Terms::read(&uri, &headers)?;
    answered(accept::run(&context, &caller, &Sent { dataset: None, body }, &terms).await, &headers)
}

pub(crate) async fn create_short(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let terms = Terms::read(&uri, &headers)?;
    answered(accept::run(&context, &caller, &Sent { dataset: Some(name), body }, &terms).await, &headers)
}

/// Reports `Prefer: respond-async` as applied if the export is accepted: its work goes on after the response.
fn answered(decided: Result<Response, ApiError>, headers: &HeaderMap) -> Result<Response, ApiError> {
    let mut response = decided?;
    if response.status() == StatusCode::ACCEPTED && Preferences::of(headers).respond_async {
        prefer::applied(&mut response, "respond-async");
    }
    Ok(response)
}
