//! Destinations that a tenant may use.

use axum::extract::State;
use axum::response::Response;
use export::destination::{self, Destination};
use export::wire::{DestinationEntry, DestinationList};
use http::{StatusCode, Uri};
use ports::telemetry::chain;
use serde_json::Value;

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

/// `GET /destinations`.
pub(crate) async fn list(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let all = context.store.destinations().await?;
    let allowed = all.iter().filter(|(_, one)| one.allows(&caller.tenant));
    let destinations = allowed.map(|(name, one)| entry(name, &one.of_tenant(&caller.tenant))).collect();
    response::json(StatusCode::OK, &DestinationList { destinations })
}

fn entry(name: &str, one: &Destination) -> DestinationEntry {
    DestinationEntry { name: name.to_owned(), location: one.address(&one.prefix), layout: one.layout }
}

/// Checks that the tenant may use the destination that a canonical request names. A destination of another tenant is like
/// one that does not exist.
pub(crate) async fn check(context: &Context, caller: &Caller, request: &Value) -> Result<(), ApiError> {
    let Some(name) = destination::of(request) else { return Ok(()) };
    let all = context.store.destinations().await?;
    destination::check(&all, &caller.tenant, name).map_err(|violation| ApiError::invalid(vec![violation]))
}

/// Sends due deliveries and events. A failure only causes a delay, since the sweeper does the same.
pub(crate) async fn send(context: &Context) {
    let Some(queue) = &context.deliveries else { return };
    if let Err(error) = store::deliveries::run(&context.store, &**queue).await {
        tracing::warn!(error = chain(&error), "no delivery could be sent; the sweeper retries");
    }
}
