//! `GET /datasets/{name}`; names match without regard to case.

use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, Uri};

use super::dataset;
use crate::answer;
use crate::context::Context;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn show(
    State(context): State<Context>,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(Refusal::no_catalog)?;
    let (name, found) =
        applied.revision.find(&name).ok_or_else(|| Refusal::no_dataset(&name, &applied.revision))?;
    answer::json(StatusCode::OK, &dataset(name, found, applied.estimates.get(name)))
}
