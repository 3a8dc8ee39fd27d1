//! `POST /saved` and `PUT /saved/{saved}`: the definition, checked with the request of its next run.

use axum::extract::State;
use axum::response::Response;
use export::destination;
use export::request::Request;
use export::saved::{Definition, MAX_SAVED};
use export::wire::BASE_PATH;
use http::{HeaderValue, StatusCode, Uri, header};
use jiff::Timestamp;
use serde_json::Value;
use store::{Applied, NewSaved, SavedRights, Saving};

use super::{Name, Of, shown};
use crate::body::Body;
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::exports::scope;
use crate::query::Params;
use crate::{destinations, visible};
use ports::clock::now_micros;

pub(crate) async fn create(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
    Body(body): Body,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let new = checked(&context, &caller, &body, None).await?;
    let name = Name(new.definition.name.clone());
    match context.store.save(&new).await? {
        Saving::Saved => {}
        Saving::Taken => {
            let detail =
                format!("there is a saved export {}; change it with PUT, or use another name", name.0);
            return Err(ApiError::conflict(detail));
        }
        Saving::Full => {
            let detail = format!(
                "the tenant has {MAX_SAVED} saved exports, which is the maximum; delete some of them"
            );
            return Err(ApiError::conflict(detail));
        }
    }
    let mut response = shown(&context, &Of::new(&caller, &name), StatusCode::CREATED).await?;
    let location = format!("{BASE_PATH}/saved/{}", name.0);
    let location = HeaderValue::try_from(location).map_err(|e| ApiError::hide(&e))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

pub(crate) async fn replace(
    State(context): State<Context>,
    caller: Caller,
    name: Name,
    uri: Uri,
    Body(body): Body,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let of = Of::new(&caller, &name);
    context.store.saved(of.name()).await?.ok_or_else(ApiError::no_saved)?;
    let new = checked(&context, &caller, &body, Some(&name.0)).await?;
    if !context.store.replace_saved(&new, of.within.as_deref()).await? {
        return Err(ApiError::no_saved());
    }
    shown(&context, &of, StatusCode::OK).await
}

/// Checks a definition and the request of its next run, against the catalog in force.
async fn checked(
    context: &Context,
    caller: &Caller,
    body: &Value,
    in_path: Option<&str>,
) -> Result<NewSaved, ApiError> {
    let applied = visible::in_force(context, caller).await?;
    let definition = Definition::parse(body, in_path).map_err(ApiError::invalid)?;
    let now = Timestamp::from_microsecond(now_micros()).map_err(|e| ApiError::hide(&e))?;
    let next = definition.next_after(now);
    // That of `since last success` begins at the tick before: from now on it might be empty.
    let period = definition.period(next.map_or(now, |(tick, _)| tick), None);
    let first = definition.body(period.as_ref());
    let parse = |applied: &Applied| {
        let request = Request::parse(&first, &scope(context, caller, applied));
        request.map_err(|violations| ApiError::invalid(violations).below("/request"))
    };
    let (_, request) = visible::read(context, caller, applied, parse).await?;
    if destination::of(&request.canonical).is_some() {
        destinations::check(context, caller, &request.canonical)
            .await
            .map_err(|error| error.below("/request"))?;
    }
    let datasets = request.targets.iter().map(|target| target.selection.dataset.clone()).collect();
    let rights = SavedRights {
        key_id: caller.key_id().map(str::to_owned),
        by: caller.by().to_owned(),
        datasets: caller.access().datasets.clone(),
    };
    let next_micros = next.map(|(tick, at)| (tick.as_microsecond(), at.as_microsecond()));
    Ok(NewSaved { tenant: caller.tenant.clone(), definition, rights, datasets, next_micros })
}
