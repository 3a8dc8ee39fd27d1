//! Operations on a saved export: delete, pause, resume, and a run on demand.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, Uri};
use ports::telemetry::chain;
use store::schedules::{RunTerms, Runner};

use super::{Name, Of, shown};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::exports::limits;
use crate::query::Params;

pub(crate) async fn delete(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    if context.store.delete_saved(Of::new(&caller, &name).name()).await? {
        Ok(StatusCode::NO_CONTENT.into_response())
    } else {
        Err(ApiError::no_saved())
    }
}

pub(crate) async fn pause(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    set_paused(&context, &caller, &name, &uri, true).await
}

pub(crate) async fn resume(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    set_paused(&context, &caller, &name, &uri, false).await
}

async fn set_paused(
    context: &Context,
    caller: &Caller,
    name: &Name,
    uri: &Uri,
    paused: bool,
) -> Result<Response, ApiError> {
    Params::read(uri, &[]).check()?;
    let of = Of::new(caller, name);
    if !context.store.pause_saved(of.name(), paused).await? {
        return Err(ApiError::no_saved());
    }
    shown(context, &of, StatusCode::OK).await
}

pub(crate) async fn run(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let of = Of::new(&caller, &name);
    if !context.store.demand_run(of.name()).await? {
        context.store.saved(of.name()).await?.ok_or_else(ApiError::no_saved)?;
        return Err(ApiError::conflict("a run of this saved export is under way; wait until it has ended"));
    }
    let terms = RunTerms {
        request: context.settings.limits,
        plan: limits(&context),
        deadline_secs: context.settings.deadline_secs,
    };
    let (queue, objects) = (&*context.queue, &*context.objects);
    let runner = Runner { store: &context.store, queue, objects, terms, now_micros: None };
    if let Err(error) = runner.run_one(&caller.tenant, of.name).await {
        tracing::warn!(error = chain(&error), "the run was not started; the sweeper retries");
    }
    shown(&context, &of, StatusCode::OK).await
}
