//! `GET /exports/{id}/chunks?cursor=&limit=`: the timeline.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use ports::cache::Place;

use super::Id;
use crate::context::Context;
use crate::cursor::ChunkCursor;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;
use crate::{answer, caches};

pub(crate) async fn chunks(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut params = Params::read(&uri, &["cursor", "limit"]);
    let place = place(&mut params);
    params.check()?;
    Ok(answer::rendered(StatusCode::OK, caches::chunks(&context, &caller, id, place).await?))
}

/// Which page of an export's chunks is asked for.
pub(super) fn place(params: &mut Params) -> Place {
    let after = params.cursor().map(|cursor: ChunkCursor| (cursor.ordinal, cursor.id));
    Place { after, limit: params.limit(200, 1000) }
}
