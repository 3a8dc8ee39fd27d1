//! `POST /exports` and its short form `POST /{dataset}`.

use axum::extract::{Path, State};
use axum::response::Response;
use export::request::{Request, Scope};
use http::{HeaderMap, Uri};
use ports::store::Applied;

use super::accept::{self, Terms};
use crate::body::Body;
use crate::context::Context;
use crate::layers::Caller;
use crate::refusal::Refusal;

pub(crate) async fn create(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let terms = Terms::read(&uri, &headers)?;
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(Refusal::no_catalog)?;
    let request = Request::parse(&body, &scope(&context, &caller, &applied)).map_err(Refusal::invalid)?;
    accept::accept(&context, &caller, request, &applied, terms).await
}

pub(crate) async fn create_short(
    State(context): State<Context>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Body(body): Body,
) -> Result<Response, Refusal> {
    let applied = context.catalogs.in_force(&context.store).await?.ok_or_else(Refusal::no_catalog)?;
    if applied.revision.find(&name).is_none() {
        return Err(Refusal::no_dataset(&name, &applied.revision));
    }
    let terms = Terms::read(&uri, &headers)?;
    let scope = scope(&context, &caller, &applied);
    let request = Request::parse_short(&name, &body, &scope).map_err(Refusal::invalid)?;
    accept::accept(&context, &caller, request, &applied, terms).await
}

pub(super) fn scope<'a>(context: &Context, caller: &'a Caller, applied: &'a Applied) -> Scope<'a> {
    Scope {
        revision: &applied.revision,
        estimates: &applied.estimates,
        tenant: &caller.0,
        source: &applied.source,
        limits: context.settings.limits,
    }
}
