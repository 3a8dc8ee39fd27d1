//! Methods other than `POST` at `/{dataset}`: 405 if the dataset exists, 404 otherwise.

use axum::extract::{Path, State};
use axum::response::Response;

use crate::context::Context;
use crate::layers::Caller;
use crate::refusal::Refusal;
use crate::visible;

pub(crate) async fn no_method(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Response, Refusal> {
    match visible::find(&context, &caller, &name).await?.1 {
        Some(_) => Err(Refusal::no_method()),
        None => Err(Refusal::no_path()),
    }
}
