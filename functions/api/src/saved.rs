//! Saved exports: one file per group of operations.

mod change;
mod define;
mod list;
mod runs;
mod to_wire;

pub(crate) use change::{delete, pause, resume, run};
pub(crate) use define::{create, replace};
pub(crate) use list::{list, show};
pub(crate) use runs::runs;

use axum::extract::{FromRequestParts, Path};
use axum::response::Response;
use export::destination::is_name;
use http::StatusCode;
use http::request::Parts;
use store::SavedName;

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::response;

/// Name of a saved export in the path. A malformed name returns the same 404 as an unknown one.
#[derive(Clone, Debug)]
pub(crate) struct Name(String);

impl FromRequestParts<Context> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, ApiError> {
        let path: Result<Path<String>, _> = Path::from_request_parts(parts, context).await;
        path.ok().map(|Path(name)| name).filter(|name| is_name(name)).map(Self).ok_or_else(ApiError::no_saved)
    }
}

/// Name of a saved export with what its caller may see.
struct Of<'a> {
    caller: &'a Caller,
    within: Option<Vec<String>>,
    name: &'a str,
}

impl<'a> Of<'a> {
    fn new(caller: &'a Caller, Name(name): &'a Name) -> Self {
        Self { caller, within: caller.access().datasets(), name }
    }

    fn name(&self) -> SavedName<'_> {
        SavedName { tenant: &self.caller.tenant, within: self.within.as_deref(), name: self.name }
    }
}

/// Returns a response with the present state of a saved export.
async fn shown(context: &Context, of: &Of<'_>, status: StatusCode) -> Result<Response, ApiError> {
    let saved = context.store.saved(of.name()).await?.ok_or_else(ApiError::no_saved)?;
    response::json(status, &to_wire::saved(&saved))
}
