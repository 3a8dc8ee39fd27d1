//! `POST /exports` and its short form `POST /{dataset}`.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderMap, Uri};

use super::accept::{self, Sent, Terms};
use crate::body::Body;
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;

pub(crate) async fn create(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, ApiError> {
    let terms = Terms::read(&uri, &headers)?;
    accept::run(&context, &caller, &Sent { dataset: None, body }, &terms).await
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
    accept::run(&context, &caller, &Sent { dataset: Some(name), body }, &terms).await
}
