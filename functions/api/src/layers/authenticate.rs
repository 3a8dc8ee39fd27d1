//! Whose request it is. All paths need a key but one, so that even unknown paths tell a stranger nothing.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use export::id::TenantId;
use export::wire::BASE_PATH;
use http::request::Parts;
use ports::cache::View;

use crate::context::Context;
use crate::key::Presented;
use crate::refusal::Refusal;

/// The tenant whose key came with the request, and how often something that had ended was changed until the key was
/// looked up.
#[derive(Clone, Debug)]
pub(crate) struct Caller(pub(crate) TenantId, u64);

impl Caller {
    /// Under what the caller's exports are cached.
    pub(crate) fn view(&self) -> View<'_> {
        View { tenant: &self.0, changes: self.1 }
    }
}

/// Lets a request pass with the tenant of its key, or answers 401.
pub(crate) async fn authenticate(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path().strip_prefix(BASE_PATH) == Some("/health") {
        return next.run(request).await;
    }
    let key = Presented::from_headers(request.headers());
    match caller(&context, key).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn caller(context: &Context, key: Option<Presented>) -> Result<Caller, Refusal> {
    let key = key.ok_or_else(Refusal::unauthorized)?;
    let owner = context.keys.owner(&key, &context.store).await?;
    owner.map(|owner| Caller(owner.tenant, owner.changes)).ok_or_else(Refusal::unauthorized)
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get::<Self>().cloned().ok_or_else(Refusal::unauthorized)
    }
}
