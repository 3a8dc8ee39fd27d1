//! `GET /exports/{id}/files?cursor=&limit=&links=`: the files that are there, in any state of the export.

use axum::extract::State;
use axum::response::Response;
use export::chunk::{ExportStatus, file_key};
use export::format::Output;
use export::id::TenantId;
use export::manifest::rfc3339;
use export::wire::{FileEntry, FileList};
use http::{StatusCode, Uri};
use ports::store::ChunkDetail;

use super::chunks::page;
use super::shape::now_micros;
use super::{Id, find, shape};
use crate::answer;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

pub(crate) async fn files(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut params = Params::read(&uri, &["cursor", "limit", "links"]);
    let (after, limit, links) = (params.cursor(), params.limit(200, 1000), params.flag("links"));
    params.check()?;
    // The status first: an export that succeeds in between has all its files on the page.
    let export = find(&context, &caller.0, id).await?;
    let complete = export.status == ExportStatus::Succeeded;
    let (chunks, next_cursor) = page(&context, &caller.0, id, after, limit).await?;
    let mut files = Vec::with_capacity(chunks.len());
    for chunk in &chunks {
        let Some(mut file) = shape::file(chunk) else { continue };
        if links {
            let head = export.heads.iter().find(|head| head.name == chunk.dataset);
            let output = head.map(|head| head.output.clone()).unwrap_or_default();
            add_link(&context, &caller.0, chunk, &output, &mut file).await?;
        }
        files.push(file);
    }
    let list = FileList { complete, files, next_cursor };
    if links { answer::secret_json(&list) } else { answer::json(StatusCode::OK, &list) }
}

async fn add_link(
    context: &Context,
    tenant: &TenantId,
    chunk: &ChunkDetail,
    output: &Output,
    file: &mut FileEntry,
) -> Result<(), Refusal> {
    let attempt = chunk.file.as_ref().map_or(chunk.attempt, |file| file.attempt);
    let key = file_key(tenant, chunk.id, attempt, output.extension());
    file.link = Some(context.link(&key, &file.name).await?);
    let until = now_micros().saturating_add(i64::from(context.settings.link_secs) * 1_000_000);
    file.link_expires_at = Some(rfc3339(until));
    Ok(())
}
