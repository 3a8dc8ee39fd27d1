//! `GET /saved/{saved}/runs`, newest first.

use axum::extract::State;
use axum::response::Response;
use export::wire::SavedRunList;
use http::{StatusCode, Uri};
use store::SavedRun;

use super::{Name, Of, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::RunCursor;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn runs(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["cursor", "limit"]);
    let after = params.cursor::<RunCursor>().map(|cursor| cursor.0);
    let limit = params.limit(20, 100);
    params.check()?;
    let of = Of::new(&caller, &name);
    context.store.saved(of.name()).await?.ok_or_else(ApiError::no_saved)?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found = context.store.saved_runs(of.name(), after, most).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let cursor = |run: &SavedRun| RunCursor((run.started_micros, run.tick_micros, run.number));
    let next_cursor = found.last().filter(|_| more).map(|last| cursor(last).to_string());
    let list = SavedRunList { runs: found.iter().map(to_wire::run).collect(), next_cursor };
    response::json(StatusCode::OK, &list)
}
