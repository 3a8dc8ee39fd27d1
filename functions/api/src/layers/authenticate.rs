//! Authentication of requests. All paths but one need a key or token, so even unknown paths reveal nothing to an
//! unauthenticated client.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use export::wire::BASE_PATH;
use http::{HeaderMap, Method};
use ports::audit;

use super::log::Requester;
use crate::auth::Auth;
use crate::caches::NoOwner;
use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::key::Presented;
use crate::token::Token;
use ports::clock::now_micros;

/// Passes a request on with its caller. Returns 401 without a valid one, and 403 if the caller may only read.
pub(crate) async fn authenticate(
    State(context): State<Context>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path().strip_prefix(BASE_PATH) == Some("/health") {
        return next.run(request).await;
    }
    let (caller, by) = match Credential::of(&request, &context.settings.auth) {
        Ok(credential) => (credential.caller(&context).await, credential.name()),
        Err(error) => (Err(error), "nobody".to_owned()),
    };
    Requester::note(&request, caller.as_ref().ok().map(|caller| &caller.tenant), &by);
    let caller = caller.and_then(|caller| may(request.method(), &caller).map(|()| caller));
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(error) => {
            refused(&by, &error);
            error.into_response()
        }
    }
}

/// Credential of a request, before it is verified.
enum Credential {
    Key(Presented),
    Token(Token),
}

impl Credential {
    fn of(request: &Request, auth: &Auth) -> Result<Self, ApiError> {
        match auth {
            Auth::Keys => key(request.headers()).map(Self::Key),
            Auth::Tokens(rules) => Token::of(request, rules, now_micros()).map(Self::Token),
        }
    }

    /// Name of the credential in the log. It never contains the secret.
    fn name(&self) -> String {
        match self {
            Self::Key(key) => format!("key {}", key.id),
            Self::Token(token) => format!("token {}", token.subject),
        }
    }

    async fn caller(&self, context: &Context) -> Result<Caller, ApiError> {
        match self {
            Self::Key(key) => {
                let owner = context.keys.owner(key, &context.store).await.map_err(no_owner)?;
                Ok(Caller::new(owner.tenant, owner.changes, self.name(), owner.access))
            }
            Self::Token(token) => {
                let owner = context.keys.vouched(&token.tenant, &context.store).await?;
                Ok(Caller::new(owner.tenant, owner.changes, self.name(), token.access.clone()))
            }
        }
    }
}

fn no_owner(why: NoOwner) -> ApiError {
    match why {
        NoOwner::Wrong => ApiError::unauthorized(),
        NoOwner::TooMany(secs) => ApiError::too_many_wrong_keys(secs),
        NoOwner::Store(error) => error.into(),
    }
}

fn key(headers: &HeaderMap) -> Result<Presented, ApiError> {
    Presented::from_headers(headers).ok_or_else(ApiError::unauthorized)
}

/// Checks that a caller may use the method. A read-only caller is rejected whatever the path, so the error reveals
/// nothing about what exists.
fn may(method: &Method, caller: &Caller) -> Result<(), ApiError> {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || caller.access().writes { Ok(()) } else { Err(ApiError::read_only()) }
}

/// Records a caller that was rejected. Server errors are logged where they occur.
pub(super) fn refused(by: &str, error: &ApiError) {
    if error.status.is_client_error() {
        let status = Some(error.status.as_u16());
        audit::Event { event: "access refused", outcome: "refused", by, status, ..audit::Event::default() }
            .record();
    }
}
