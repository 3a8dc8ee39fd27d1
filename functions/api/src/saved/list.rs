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

/// Maximum total size of the requests on one page in bytes. Lambda returns at most 6 MB.
const PAGE_BYTES: usize = 3 << 20;

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
    let mut bytes = 0;
    let fits = found.iter().take(limit).take_while(|one| {
        bytes += one.request.to_string().len();
        bytes <= PAGE_BYTES
    });
    // One request is far smaller than a page.
    let kept = fits.count();
    let more = found.len() > kept;
    found.truncate(kept);
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
