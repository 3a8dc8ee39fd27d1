//! `GET /exports/{id}`. With `Prefer: wait=N` it is a long poll.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use export::id::ExportId;
use http::{HeaderMap, StatusCode, Uri, header};
use store::Place;
use tokio::time::{Instant, sleep};

use super::cached::CachedExport;
use super::{Id, POLL_SECS, cached};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::prefer::{self, Preferences};
use crate::query::Params;
use crate::response::{self, Rendered, is_known};

/// First pause of a long poll between two reads. Each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest pause.
const MAX_PAUSE: Duration = Duration::from_secs(2);

pub(crate) async fn show(
    State(context): State<Context>,
    caller: Caller,
    Id(id): Id,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let mut found = cached::export(&context, &caller, id).await?;
    let mut waited = None;
    if let Some(wait) = Preferences::of(&headers).wait
        && is_awaited(&found, &headers)
        && let Some(place) = context.store.enter_wait(&caller.tenant, wait.as_secs() + 5).await?
    {
        waited = Some(wait);
        let changed = changed(&context, &caller, id, &headers, wait).await;
        leave(&context, &place).await;
        found = changed?.unwrap_or(found);
    }
    let (cached, body) = found;
    let mut response = response::rendered(StatusCode::OK, body);
    if cached.status.is_live() {
        response.headers_mut().insert(header::RETRY_AFTER, POLL_SECS.into());
    }
    if let Some(wait) = waited {
        prefer::applied(&mut response, &format!("wait={}", wait.as_secs()));
    }
    Ok(response)
}

/// Returns true if the client has to wait: the export has not ended, and if the client has sent the `ETag` of its
/// last response, that is still the state.
fn is_awaited((cached, body): &(CachedExport, Rendered), headers: &HeaderMap) -> bool {
    let compares = headers.contains_key(header::IF_NONE_MATCH);
    cached.status.is_live() && (!compares || is_known(&body.etag, headers))
}

/// Reads the export until it is no longer awaited or the time is over. Nothing of the store is held in between.
async fn changed(
    context: &Context,
    caller: &Caller,
    id: ExportId,
    headers: &HeaderMap,
    wait: Duration,
) -> Result<Option<(CachedExport, Rendered)>, ApiError> {
    let (end, mut pause) = (Instant::now() + wait, FIRST_PAUSE);
    let mut last = None;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(last);
        }
        context.store.release().await;
        sleep(pause.min(left)).await;
        pause = (pause * 2).min(MAX_PAUSE);
        let found = cached::export(context, caller, id).await?;
        if !is_awaited(&found, headers) {
            return Ok(Some(found));
        }
        last = Some(found);
    }
}

/// Frees the place. A failure only causes a delay, since a place is free when its time is over.
async fn leave(context: &Context, place: &Place) {
    if let Err(error) = context.store.leave_wait(place).await {
        tracing::warn!(error = ports::telemetry::chain(&error), "a place of a long poll was not freed");
    }
}
