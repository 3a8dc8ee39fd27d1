//! `GET /exports/{id}/chunks?cursor=&limit=`: the timeline.

use axum::extract::State;
use axum::response::Response;
use http::{StatusCode, Uri};
use ports::cache::PageRequest;

use super::{Id, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::ChunkCursor;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn chunks(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["cursor", "limit"]);
    let place = place(&mut params, 1000);
    params.check()?;
    let (next, body) = cached::chunks(&context, &caller, id, place).await?;
    let mut response = response::rendered(StatusCode::OK, body);
    if let Some(next) = next {
        response::add_link(&mut response, &next, "next");
    }
    Ok(response)
}

/// Position and size of the requested page of an export's chunks, at most `most`.
pub(super) fn place(params: &mut Params, most: usize) -> PageRequest {
    let cursor: Option<ChunkCursor> = params.cursor();
    let after = cursor.map(|cursor| (cursor.ordinal, cursor.id));
    PageRequest {
        after,
        whole: cursor.is_some_and(|cursor| cursor.whole),
        limit: params.limit(200, 1000).min(most),
    }
}
