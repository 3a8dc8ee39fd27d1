//! Exports: one file per operation.

mod accept;
mod cached;
mod chunks;
mod create;
mod delete;
mod dry_run;
mod extend;
mod file;
mod files;
mod list;
mod manifest;
mod retry;
mod show;
mod to_wire;

pub(crate) use accept::{limits, scope};
pub(crate) use chunks::chunks;
pub(crate) use create::{create, create_short};
pub(crate) use delete::delete;
pub(crate) use extend::extend;
pub(crate) use file::file;
pub(crate) use files::files;
pub(crate) use list::list;
pub(crate) use manifest::manifest;
pub(crate) use retry::retry;
pub(crate) use show::show;

use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use export::id::{ExportId, TenantId};
use export::wire::BASE_PATH;
use http::request::Parts;
use store::ExportState;

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::response;
use ports::clock::now_micros;

/// Recommended seconds between two polls of a live export.
const POLL_SECS: u32 = 2;

/// The export named in the path. A malformed id, an export of another tenant and an export of a dataset that is not
/// visible to the caller all return the same 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Id(pub(crate) ExportId);

impl FromRequestParts<Context> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, ApiError> {
        let path: Result<Path<Vec<(String, String)>>, _> = Path::from_request_parts(parts, context).await;
        let Path(parameters) = path.map_err(|_| ApiError::no_export())?;
        let id = parameters.iter().find(|(name, _)| name == "id").and_then(|(_, id)| read(id));
        let id = id.ok_or_else(ApiError::no_export)?;
        let caller = Caller::from_request_parts(parts, context).await?;
        if caller.access().is_scoped() {
            let (cached, _) = cached::export(context, &caller, id).await?;
            if !caller.access().sees_all(cached.datasets()) {
                return Err(ApiError::no_export());
            }
        }
        Ok(Self(id))
    }
}

/// Parses an id in upper or lower case, as RFC 9562 requires. Ids are always written in lower case.
fn read(id: &str) -> Option<ExportId> {
    id.to_ascii_lowercase().parse().ok()
}

/// Returns the export if it belongs to the tenant.
async fn find(context: &Context, tenant: &TenantId, id: ExportId) -> Result<ExportState, ApiError> {
    let found = context.store.export(tenant, id).await?.ok_or_else(ApiError::no_export)?;
    if !found.status.is_live() || found.paused || found.deadline_micros > now_micros() {
        return Ok(found);
    }
    // All chunks were read in time, but the process that should have finished the export died. At the deadline, the
    // api does not wait for the sweeper.
    finish(context, id).await;
    context.store.export(tenant, id).await?.ok_or_else(ApiError::no_export)
}

/// Returns the path of an export on the host. `layers::location` makes it relative.
fn path(id: ExportId) -> String {
    format!("{BASE_PATH}/exports/{id}")
}

/// Adds the link to the status of an export whose work goes on after the response.
fn monitor(response: &mut Response, id: ExportId) {
    response::add_link(response, &format!("exports/{id}"), "monitor");
}

/// Dispatches chunks. A failure only causes a delay, since the sweeper does the same.
async fn dispatch(context: &Context) {
    if let Err(error) = store::dispatch::run(&context.store, &*context.queue).await {
        tracing::warn!(error = ports::telemetry::chain(&error), "dispatch failed; the sweeper retries");
    }
}

/// Finishes an export that has nothing left to read. A failure only causes a delay, since the sweeper does the same.
async fn finish(context: &Context, id: ExportId) {
    if let Err(error) = store::finish::run(&context.store, &*context.objects, id).await {
        tracing::warn!(%id, error = ports::telemetry::chain(&error), "finish failed; the sweeper retries");
    }
}
