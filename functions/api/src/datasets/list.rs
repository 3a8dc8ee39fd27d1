//! `GET /datasets`.

use axum::extract::State;
use axum::response::Response;
use export::wire::DatasetList;
use http::{StatusCode, Uri};

use super::dataset;
use crate::answer;
use crate::context::Context;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn list(State(context): State<Context>, uri: Uri) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(Refusal::no_catalog)?;
    let datasets = applied.revision.datasets.iter();
    let list = DatasetList {
        revision: applied.revision_id.clone(),
        datasets: datasets.map(|(name, d)| dataset(name, d, applied.estimates.get(name))).collect(),
    };
    answer::json(StatusCode::OK, &list)
}
