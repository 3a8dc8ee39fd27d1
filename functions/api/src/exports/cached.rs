//! Ended exports, as they are shown to the caller. Exports that can still change are read from the store each time.
//! So are failed ones: a retry reopens them, and the caller who retried must not get `failed` from another process
//! that has not seen the retry yet.
//!
//! All entries are cached under the number of changes that came with the caller's key, so none needs to be removed.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use export::delivery::DeliveryState;
use export::failure::FailureCode;
use export::format::Output;
use export::id::ExportId;
use export::object_key::file_key;
use export::state::ExportStatus;
use export::wire::{ChunkList, FileList};
use ports::cache::PageRequest;
use serde::{Deserialize, Serialize};
use store::{ChunkDetail, ChunkPage, FileObject};

use super::{find, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::ChunkCursor;
use crate::error::ApiError;
use crate::response::{Rendered, render};
use ports::clock::now_micros;

/// Lifetime of a cached ended export. The entry stays correct until the tenant changes something, so this only limits
/// how long unused entries are kept.
const KEEP: Duration = Duration::from_secs(300);

/// Returns the time for which a response about an export may be cached: none while the export may change by itself,
/// and never beyond the time at which its files are deleted.
fn keep(status: ExportStatus, expires_micros: Option<i64>, now_micros: i64) -> Option<Duration> {
    match status {
        ExportStatus::Succeeded | ExportStatus::Canceled => {
            let left = u64::try_from(expires_micros?.saturating_sub(now_micros)).ok()?;
            Some(KEEP.min(Duration::from_micros(left)))
        }
        ExportStatus::Expired => Some(KEEP),
        ExportStatus::Queued | ExportStatus::Running | ExportStatus::Failed => None,
    }
}

/// Facts about an export that are cached with its body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CachedExport {
    pub(super) status: ExportStatus,
    pub(super) manifest_key: Option<String>,
    /// True if the operator invalidated files of the export.
    pub(super) invalidated: bool,
    /// Output format of each dataset.
    outputs: BTreeMap<String, Output>,
    etag: String,
}

impl CachedExport {
    /// Names of the datasets in the export.
    pub(super) fn datasets(&self) -> impl Iterator<Item = &str> {
        self.outputs.keys().map(String::as_str)
    }
}

/// Facts about a page of files that are cached with its body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CachedFiles {
    /// Object keys, in the order of the files. Empty if they are not needed.
    pub(super) keys: Vec<String>,
    /// Path of the next page, below the base path.
    #[serde(default)]
    pub(super) next: Option<String>,
    etag: String,
}

/// Facts about a page of chunks that are cached with its body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CachedChunks {
    /// Path of the next page, below the base path.
    #[serde(default)]
    pub(super) next: Option<String>,
    etag: String,
}

/// The object that a file name refers to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct CachedFile {
    pub(super) key: String,
    pub(super) name: String,
    /// SHA-256 of the object, in hexadecimal. Absent in entries of earlier releases.
    #[serde(default)]
    pub(super) sha256: Option<String>,
}

/// Returns an export as it is shown to the caller.
pub(super) async fn export(
    context: &Context,
    caller: &Caller,
    id: ExportId,
) -> Result<(CachedExport, Rendered), ApiError> {
    let fill = || async {
        let state = find(context, &caller.tenant, id).await?;
        let body = render(&to_wire::export(&state))?;
        // A delivery goes on after the end of its export, and may be retried after a failure.
        let is_settled =
            state.delivery.as_ref().is_none_or(|delivery| delivery.state == DeliveryState::Delivered);
        let cached = CachedExport {
            status: state.status,
            manifest_key: state.manifest_key,
            invalidated: state.errors.iter().any(|error| error.failure.code == FailureCode::Invalidated),
            outputs: state.heads.into_iter().map(|head| (head.name, head.output)).collect(),
            etag: body.etag.clone(),
        };
        let keep = keep(state.status, state.expires_micros, now_micros()).filter(|_| is_settled);
        Ok((cached, body.body, keep))
    };
    let key = context.shared.keyring.export(caller.view(), id);
    let (cached, body) = context.shared.read(&key, fill).await?;
    let etag = cached.etag.clone();
    Ok((cached, Rendered { etag, body }))
}

/// Returns a page of an export's files. `links` is true if the caller needs the object keys.
pub(super) async fn files(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    place: PageRequest,
    links: bool,
) -> Result<(CachedFiles, Rendered), ApiError> {
    let fill = || async {
        let (page, next_cursor) = page(context, caller, id, place).await?;
        let keep = keep(page.status, page.expires_micros, now_micros());
        let outputs = if links || keep.is_some() {
            export(context, caller, id).await?.0.outputs
        } else {
            BTreeMap::new()
        };
        let (mut files, mut keys) = (Vec::with_capacity(page.chunks.len()), Vec::new());
        for chunk in &page.chunks {
            let Some(file) = to_wire::file(chunk) else { continue };
            files.push(file);
            if let Some(output) = outputs.get(&chunk.dataset) {
                let attempt = chunk.file.as_ref().map_or(chunk.attempt, |file| file.attempt);
                keys.push(file_key(&caller.tenant, chunk.id, attempt, output.extension()));
            }
        }
        let complete = is_whole(place, page.status);
        let next = next_path(id, "files", place, next_cursor.as_deref());
        let list = FileList { complete, files, next_cursor, next: next.clone() };
        let body = render(&list)?;
        // A later request with links needs all keys.
        let keep = keep.filter(|_| keys.len() == list.files.len());
        Ok((CachedFiles { keys, next, etag: body.etag.clone() }, body.body, keep))
    };
    let key = context.shared.keyring.files(caller.view(), id, place);
    let (cached, body) = context.shared.read(&key, fill).await?;
    let etag = cached.etag.clone();
    Ok((cached, Rendered { etag, body }))
}

/// Returns a page of an export's chunks.
pub(super) async fn chunks(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    place: PageRequest,
) -> Result<(Option<String>, Rendered), ApiError> {
    let fill = || async {
        let (page, next_cursor) = page(context, caller, id, place).await?;
        let next = next_path(id, "chunks", place, next_cursor.as_deref());
        let chunks = page.chunks.iter().map(to_wire::chunk).collect();
        let list = ChunkList { chunks, next_cursor, next: next.clone() };
        let body = render(&list)?;
        let keep = keep(page.status, page.expires_micros, now_micros());
        Ok((CachedChunks { next, etag: body.etag.clone() }, body.body, keep))
    };
    let key = context.shared.keyring.chunks(caller.view(), id, place);
    let (cached, body) = context.shared.read(&key, fill).await?;
    Ok((cached.next, Rendered { etag: cached.etag, body }))
}

/// Returns the path of the page after `place`, below the base path.
fn next_path(id: ExportId, what: &str, place: PageRequest, cursor: Option<&str>) -> Option<String> {
    cursor.map(|cursor| format!("exports/{id}/{what}?limit={}&cursor={cursor}", place.limit))
}

/// Returns the object that a file name refers to; `None` if there is none, or not yet. `None` is never cached.
pub(super) async fn file(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    name: &str,
) -> Result<Option<CachedFile>, ApiError> {
    let fill = || async {
        let found: Option<FileObject> = context.store.file(&caller.tenant, id, name).await?;
        let keep = found.as_ref().and_then(|file| keep(file.status, file.expires_micros, now_micros()));
        let cached = found.map(|file| CachedFile { key: file.key, name: file.name, sha256: file.sha256 });
        Ok((cached, Bytes::new(), keep))
    };
    let key = context.shared.keyring.file(caller.view(), id, name);
    context.shared.read(&key, fill).await.map(|(cached, _)| cached)
}

/// Returns true if the pages up to this one are complete: the export had succeeded when the first of them was read.
fn is_whole(place: PageRequest, status: ExportStatus) -> bool {
    status == ExportStatus::Succeeded && (place.after.is_none() || place.whole)
}

/// Reads one page of an export's chunks, and the cursor of the next page.
async fn page(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    place: PageRequest,
) -> Result<(ChunkPage, Option<String>), ApiError> {
    // One row more than the limit shows whether there is a next page.
    let ask = i64::try_from(place.limit + 1).unwrap_or(i64::MAX);
    let page = context.store.chunk_page(&caller.tenant, id, place.after, ask).await?;
    let mut page = page.ok_or_else(ApiError::no_export)?;
    let more = page.chunks.len() > place.limit;
    page.chunks.truncate(place.limit);
    let whole = is_whole(place, page.status);
    let cursor = |chunk: &ChunkDetail| ChunkCursor { ordinal: chunk.ordinal, id: chunk.id, whole };
    let next = page.chunks.last().filter(|_| more).map(|chunk| cursor(chunk).to_string());
    Ok((page, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_complete_only_if_the_first_was() {
        let id = export::id::ChunkId::from_random([7; 16]);
        let first = PageRequest { after: None, whole: false, limit: 1 };
        let next = |whole| PageRequest { after: Some((1, id)), whole, limit: 1 };
        assert!(is_whole(first, ExportStatus::Succeeded) && is_whole(next(true), ExportStatus::Succeeded));
        assert!(
            !is_whole(next(false), ExportStatus::Succeeded),
            "the export ended while its pages were read"
        );
        assert!(!is_whole(first, ExportStatus::Running) && !is_whole(next(true), ExportStatus::Running));
    }

    #[test]
    fn only_immutable_states_are_cached() {
        let second = 1_000_000;
        for status in [ExportStatus::Queued, ExportStatus::Running, ExportStatus::Failed] {
            assert_eq!(keep(status, Some(1000 * second), 0), None, "{status}");
        }
        for status in [ExportStatus::Succeeded, ExportStatus::Canceled] {
            assert_eq!(keep(status, Some(1000 * second), 0), Some(KEEP), "{status}");
            assert_eq!(keep(status, Some(1000 * second), 990 * second), Some(Duration::from_secs(10)));
            assert_eq!(keep(status, Some(1000 * second), 1000 * second), Some(Duration::ZERO));
            assert_eq!(keep(status, Some(1000 * second), 1001 * second), None, "past its expiry");
            assert_eq!(keep(status, None, 0), None);
        }
        assert_eq!(keep(ExportStatus::Expired, Some(0), second), Some(KEEP));
    }
}
