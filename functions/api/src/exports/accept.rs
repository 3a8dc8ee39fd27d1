//! From a request that was understood to an export: plan it only, or accept, dispatch and answer 202.

use axum::response::Response;
use export::id::ExportId;
use export::plan::Reuse;
use export::request::Request;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use ports::random;
use ports::store::{Applied, ExportState, Idempotency, Limits, NewExport};

use super::{POLL_SECS, dispatch, find, finish, path, shape};
use crate::answer;
use crate::context::Context;
use crate::layers::Caller;
use crate::query::{self, Params};
use crate::refusal::Refusal;

/// What stands around the body.
pub(super) struct Terms {
    dry_run: bool,
    reuse: Reuse,
    idempotency_key: Option<String>,
}

impl Terms {
    pub(super) fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut params = Params::read(uri, &["dryRun"]);
        let dry_run = params.flag("dryRun");
        let reuse = params.header(query::reuse(headers));
        let idempotency_key = params.header(query::idempotency_key(headers));
        params.check()?;
        Ok(Self {
            dry_run,
            reuse: reuse.unwrap_or(Reuse::Settled),
            idempotency_key: idempotency_key.flatten(),
        })
    }
}

pub(super) async fn accept(
    context: &Context,
    caller: &Caller,
    request: Request,
    applied: &Applied,
    terms: Terms,
) -> Result<Response, Refusal> {
    let limits = limits(context);
    if terms.dry_run {
        let plan = context.store.plan(&caller.0, &request.wants, terms.reuse, limits).await?;
        return answer::json(StatusCode::OK, &shape::plan(&plan, &request.wants));
    }
    let body_sha256 = request.body_sha256;
    let new = NewExport {
        id: ExportId::from_random(random::bytes()),
        tenant: caller.0.clone(),
        request: request.canonical,
        revision_id: applied.revision_id.clone(),
        wants: request.wants,
        reuse: terms.reuse,
        idempotency: terms.idempotency_key.map(|key| Idempotency { key, body_sha256 }),
        limits,
        deadline_secs: context.settings.deadline_secs,
    };
    let accepted = context.store.accept(&new).await?;
    if accepted.complete {
        finish(context, accepted.id).await;
    } else if !accepted.replayed {
        dispatch(context).await;
    }
    let mut response = accepted_answer(&find(context, &caller.0, accepted.id).await?)?;
    if accepted.replayed {
        response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// 202 with the export: where it is, and when to look again.
pub(super) fn accepted_answer(export: &ExportState) -> Result<Response, Refusal> {
    let mut response = answer::json(StatusCode::ACCEPTED, &shape::export(export))?;
    let location = HeaderValue::try_from(path(export.id)).map_err(|e| Refusal::hide(&e))?;
    response.headers_mut().insert(header::LOCATION, location);
    response.headers_mut().insert(header::RETRY_AFTER, POLL_SECS.into());
    Ok(response)
}

pub(super) fn limits(context: &Context) -> Limits {
    Limits { target_bytes: context.settings.target_bytes, max_chunks: context.settings.max_chunks }
}
