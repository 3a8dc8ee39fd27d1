//! Acceptance of a valid request: return the plan for a dry run; otherwise accept, dispatch and return 202.

use std::sync::Arc;

use axum::response::Response;
use export::cut::Consistency;
use export::id::ExportId;
use export::plan::Reuse;
use export::request::{Request, Scope};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use ports::fault::Point;
use serde_json::Value;
use store::{AcceptError, Accepted, Applied, ExportState, PlanLimits, Submission, sent_sha256};

use super::{POLL_SECS, dispatch, dry_run, find, finish, monitor, path, to_wire};
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::{self, Params};
use crate::{destinations, response, trace, visible};

/// Request parameters outside the body.
pub(super) struct Terms {
    dry_run: bool,
    reuse: Reuse,
    idempotency_key: Option<String>,
    traceparent: Option<String>,
}

impl Terms {
    pub(super) fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut params = Params::read(uri, &["dryRun"]);
        let dry_run = params.flag("dryRun");
        let reuse = params.header(query::reuse(headers));
        let idempotency_key = params.header(query::idempotency_key(headers));
        params.check()?;
        Ok(Self {
            dry_run,
            reuse: reuse.unwrap_or(Reuse::Settled),
            idempotency_key: idempotency_key.flatten(),
            traceparent: trace::of(headers),
        })
    }
}

/// Request body, and the dataset in the path for the short form.
pub(super) struct Sent {
    pub(super) dataset: Option<String>,
    pub(super) body: Value,
}

impl Sent {
    fn read(&self, scope: &Scope<'_>) -> Result<Request, ApiError> {
        let read = match &self.dataset {
            None => Request::parse(&self.body, scope),
            Some(name) if scope.revision.find(name).is_none() => {
                return Err(ApiError::no_dataset(name, scope.revision));
            }
            Some(name) => Request::parse_short(name, &self.body, scope),
        };
        read.map_err(ApiError::invalid)
    }

    /// Returns the SHA-256 of the request.
    fn sha256(&self) -> [u8; 32] {
        sent_sha256(self.dataset.as_deref(), &self.body)
    }
}

/// Validates the request against the catalog in force, and plans or accepts it. A repeat under an idempotency key
/// returns the existing export, even if the catalog no longer allows the request.
pub(super) async fn run(
    context: &Context,
    caller: &Caller,
    sent: &Sent,
    terms: &Terms,
) -> Result<Response, ApiError> {
    let error = match read_and_accept(context, caller, sent, terms).await {
        Err(error) if !terms.dry_run && error.is_about_the_request() => error,
        decided => return decided,
    };
    let Some(key) = &terms.idempotency_key else { return Err(error) };
    match context.store.replayed(&caller.tenant, key, &sent.sha256()).await? {
        Some(id) => replay(context, caller, id).await,
        None => Err(error),
    }
}

async fn read_and_accept(
    context: &Context,
    caller: &Caller,
    sent: &Sent,
    terms: &Terms,
) -> Result<Response, ApiError> {
    let (applied, request) = read(context, caller, sent).await?;
    destinations::check(context, caller, &request.canonical).await?;
    if terms.dry_run {
        let consistency = Consistency::of(&request.canonical);
        let plan = context
            .store
            .plan(&caller.tenant, &request.targets, consistency, terms.reuse, limits(context))
            .await?;
        let output =
            request.targets.first().map(|target| target.selection.output.clone()).unwrap_or_default();
        let within = caller.access().datasets();
        let inputs = context
            .store
            .forecast_inputs(&caller.tenant, &output, &request.targets, within.as_deref())
            .await?;
        let memory_mb = context.settings.worker_memory_mb;
        let plan = dry_run::plan(&plan, &request.targets, consistency, &inputs, memory_mb);
        return response::json(StatusCode::OK, &plan);
    }
    let accepted = match accept(context, caller, request, &applied, sent, terms).await {
        Err(AcceptError::CatalogChanged) => {
            // The cached catalog is older than the one in force.
            let applied = visible::refreshed(context, caller).await?;
            let request = sent.read(&scope(context, caller, &applied))?;
            accept(context, caller, request, &applied, sent, terms).await?
        }
        decided => decided?,
    };
    if accepted.replayed {
        return replay(context, caller, accepted.id).await;
    }
    context.store.faults().crash(Point::Accepted);
    if accepted.complete {
        finish(context, accepted.id).await;
        destinations::send(context).await;
    } else {
        dispatch(context).await;
    }
    accepted_response(&find(context, &caller.tenant, accepted.id).await?)
}

/// Validates the request against the cached catalog. If it is invalid, checks whether a newer catalog is in force.
async fn read(context: &Context, caller: &Caller, sent: &Sent) -> Result<(Arc<Applied>, Request), ApiError> {
    let applied = visible::in_force(context, caller).await?;
    visible::read(context, caller, applied, |applied| sent.read(&scope(context, caller, applied))).await
}

async fn accept(
    context: &Context,
    caller: &Caller,
    request: Request,
    applied: &Applied,
    sent: &Sent,
    terms: &Terms,
) -> Result<Accepted, AcceptError> {
    let submission = Submission {
        tenant: &caller.tenant,
        idempotency: terms.idempotency_key.as_deref().map(|key| (key, sent.sha256())),
        reuse: terms.reuse,
        limits: limits(context),
        deadline_secs: context.settings.deadline_secs,
        traceparent: terms.traceparent.as_deref(),
    };
    context.store.submit(request, applied, &submission).await
}

async fn replay(context: &Context, caller: &Caller, id: ExportId) -> Result<Response, ApiError> {
    let export = find(context, &caller.tenant, id).await?;
    // Another key of the tenant created it, with datasets that are not visible to this one: "*" covers fewer datasets
    // here.
    if !caller.sees(&export.heads) {
        return Err(AcceptError::KeyReused.into());
    }
    let mut response = accepted_response(&export)?;
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

/// Returns 202 with the export, its location and the time of the next poll.
pub(super) fn accepted_response(export: &ExportState) -> Result<Response, ApiError> {
    let mut response = response::json(StatusCode::ACCEPTED, &to_wire::export(export))?;
    let location = HeaderValue::try_from(path(export.id)).map_err(|e| ApiError::hide(&e))?;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::RETRY_AFTER, POLL_SECS.into());
    monitor(&mut response, export.id);
    Ok(response)
}

pub(crate) fn limits(context: &Context) -> PlanLimits {
    PlanLimits { target_bytes: context.settings.target_bytes, max_chunks: context.settings.max_chunks }
}

/// Returns everything against which a request is validated.
pub(crate) fn scope<'a>(context: &Context, caller: &'a Caller, applied: &'a Applied) -> Scope<'a> {
    Scope {
        revision: &applied.revision,
        estimates: &applied.estimates,
        tenant: &caller.tenant,
        source: &applied.source,
        limits: context.settings.limits,
    }
}
