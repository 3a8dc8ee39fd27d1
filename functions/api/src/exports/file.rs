//! `GET /exports/{id}/files/{name}`: 307 to a link for that one object.

use axum::extract::{Path, State};
use axum::response::Response;
use http::Uri;

use super::Id;
use crate::answer;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn file(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    Path((_, name)): Path<(String, String)>,
    uri: Uri,
) -> Result<Response, Refusal> {
    Params::read(&uri, &[]).check()?;
    let missing = || Refusal::not_found("there is no such file in an export of yours, or not yet");
    // PostgreSQL's text has no NUL character.
    let found = if name.contains('\0') { None } else { context.store.file(&caller.0, id, &name).await? };
    let file = found.ok_or_else(missing)?;
    answer::redirect(&context.link(&file.key, &file.name).await?)
}
