//! `GET /saved` and `GET /saved/{saved}`.

use axum::extract::State;
use axum::response::Response;
use export::wire::SavedList;
use http::{StatusCode, Uri};

use super::{Name, Of, shown, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::cursor::SavedCursor;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    let mut params = Params::read(&uri, &["cursor", "limit"]);
    let after = params.cursor::<SavedCursor>().map(|cursor| cursor.0);
    let limit = params.limit(20, 100);
    params.check()?;
    let within = caller.access().datasets();
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut found =
        context.store.all_saved(&caller.tenant, within.as_deref(), after.as_deref(), most).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).map(|last| SavedCursor(last.name.clone()).to_string());
    let list = SavedList { saved: found.iter().map(to_wire::saved).collect(), next_cursor };
    response::json(StatusCode::OK, &list)
}

pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    shown(&context, &Of::new(&caller, &name), StatusCode::OK).await
}
