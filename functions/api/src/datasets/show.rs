//! `GET /datasets/{name}`. Names are case-insensitive.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};

use super::dataset;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;
use crate::{answer, visible};

pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let (applied, known) = visible::find(&context, &caller, &name).await?;
    let known = known.as_deref().and_then(|name| applied.revision.find(name));
    let (name, found) = known.ok_or_else(|| Refusal::no_dataset(&name, &applied.revision))?;
    answer::json(StatusCode::OK, &dataset(name, found, applied.estimates.get(name)))
}
