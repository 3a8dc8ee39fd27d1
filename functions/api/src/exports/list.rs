//! `GET /exports?status=&cursor=&limit=`, newest first.

use axum::extract::State;
use axum::response::Response;
use export::chunk::ExportStatus;
use export::wire::ExportList;
use http::{StatusCode, Uri};
use ports::store::ExportState;

use super::shape;
use crate::answer;
use crate::context::Context;
use crate::cursor::ExportCursor;
use crate::layers::Caller;
use crate::query::Params;
use crate::refusal::Refusal;

/// Bytes of the exports on one page, requests before all: each may be as large as a body, and Lambda answers 6 MB at most.
const PAGE_BYTES: i64 = 3 << 20;

pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Refusal> {
    let mut params = Params::read(&uri, &["status", "cursor", "limit"]);
    let remedy = "give one of queued, running, succeeded, failed, canceled, expired";
    let status = params.get("status", remedy, |text| text.parse::<ExportStatus>().ok());
    let mut before = params.cursor::<ExportCursor>().map(|cursor| (cursor.accepted_micros, cursor.id));
    let limit = params.limit(20, 100);
    params.check()?;

    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    loop {
        let page = context.store.exports(&caller.0, status, before, limit, PAGE_BYTES).await?;
        let last = page.exports.last().map(|export| (export.accepted_micros, export.id));
        // What does not exist for the caller is left out, so a page may be shorter than its limit.
        let seen: Vec<_> = page.exports.iter().filter(|export| caller.sees(&export.heads)).collect();
        if seen.is_empty() && page.more {
            // The cursor names an export, and none of these: the search goes on for one that the caller may see.
            before = last;
            continue;
        }
        let cursor = |e: &&ExportState| ExportCursor { accepted_micros: e.accepted_micros, id: e.id };
        let next_cursor = seen.last().filter(|_| page.more).map(|export| cursor(export).to_string());
        let list = ExportList { next_cursor, exports: seen.into_iter().map(shape::export).collect() };
        return answer::json(StatusCode::OK, &list);
    }
}
