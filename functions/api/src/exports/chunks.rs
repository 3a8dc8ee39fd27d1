//! `GET /exports/{id}/chunks?cursor=&limit=`: the timeline.

use axum::extract::State;
use axum::response::Response;
use export::id::{ExportId, TenantId};
use export::wire::ChunkList;
use http::{StatusCode, Uri};
use ports::store::ChunkDetail;

use super::{Id, shape};
use crate::answer;
use crate::context::Context;
use crate::cursor::ChunkCursor;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn chunks(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut params = Params::read(&uri, &["cursor", "limit"]);
    let (after, limit) = (params.cursor(), params.limit(200, 1000));
    params.check()?;
    let (found, next_cursor) = page(&context, &caller.0, id, after, limit).await?;
    let list = ChunkList { chunks: found.iter().map(shape::chunk).collect(), next_cursor };
    answer::json(StatusCode::OK, &list)
}

/// One page of an export's chunks, and the cursor of the next.
pub(super) async fn page(
    context: &Context,
    tenant: &TenantId,
    id: ExportId,
    after: Option<ChunkCursor>,
    limit: usize,
) -> Result<(Vec<ChunkDetail>, Option<String>), Refusal> {
    // One more than asked for tells whether there is a next page.
    let ask = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let found = context.store.chunks(tenant, id, after.map(|cursor| cursor.0), ask).await?;
    let mut found = found.ok_or_else(Refusal::no_export)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|chunk| ChunkCursor(chunk.ordinal).to_string());
    Ok((found, next))
}
