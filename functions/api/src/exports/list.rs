//! `GET /exports?status=&cursor=&limit=`, newest first.

use axum::extract::State;
use axum::response::Response;
use export::state::ExportStatus;
use export::wire::ExportList;
use http::{StatusCode, Uri};
use store::ExportState;

use super::to_wire;
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::ExportCursor;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

/// Maximum total size of the exports on one page in bytes, which is mostly their requests: each may be as large as a
/// body, and Lambda returns at most 6 MB.
const PAGE_BYTES: i64 = 3 << 20;

pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["status", "cursor", "limit"]);
    let remedy = "use one of queued, running, succeeded, failed, canceled, expired";
    let status = params.get("status", remedy, |text| text.parse::<ExportStatus>().ok());
    let before = params.cursor::<ExportCursor>().map(|cursor| (cursor.accepted_micros, cursor.id));
    let limit = params.limit(20, 100);
    params.check()?;

    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // The store omits exports that are not visible to the caller: no cursor names one, and no page is used up by
    // them.
    let within = caller.access().datasets();
    let page =
        context.store.exports(&caller.tenant, status, before, limit, PAGE_BYTES, within.as_deref()).await?;
    let cursor = |e: &ExportState| ExportCursor { accepted_micros: e.accepted_micros, id: e.id };
    let next_cursor = page.exports.last().filter(|_| page.more).map(|export| cursor(export).to_string());
    let list = ExportList { next_cursor, exports: page.exports.iter().map(to_wire::export).collect() };
    response::json(StatusCode::OK, &list)
}
