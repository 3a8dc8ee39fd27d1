//! `GET /datasets`.

use axum::extract::State;
use axum::response::Response;
use export::wire::DatasetList;
use http::{StatusCode, Uri};

use super::dataset;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;
use crate::{answer, visible};

pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let applied = visible::in_force(&context, &caller).await?;
    let datasets = applied.revision.datasets.iter();
    let list = DatasetList {
        revision: applied.revision_id.clone(),
        datasets: datasets.map(|(name, d)| dataset(name, d, applied.estimates.get(name))).collect(),
    };
    answer::json(StatusCode::OK, &list)
}
