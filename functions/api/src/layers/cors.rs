//! Headers of cross-origin requests of browsers (CORS).
//!
//! Credentials mode is never allowed: a page sends its key itself, so no cookie and no login of a browser is involved.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::context::Context;

const METHODS: &str = "GET, HEAD, POST, PUT, DELETE";

/// Headers of requests that are not allowed by themselves.
const SENT: &str =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Prefer, Traceparent";

/// Headers of responses that a page may read.
const EXPOSED: &str = "Allow, ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit, \
                       RateLimit-Policy, Repr-Digest, Retry-After, X-Request-Id";

/// Seconds for which a browser may keep the response to a preflight request.
const MAX_AGE: &str = "600";

/// Answers preflight requests of allowed origins. They carry no key.
pub(crate) async fn preflight(State(context): State<Context>, request: Request, next: Next) -> Response {
    let asks = request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || context.settings.cors.allowed(request.headers()).is_none() {
        return next.run(request).await;
    }
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// Lets pages of allowed origins read the response.
pub(crate) async fn cors(State(context): State<Context>, request: Request, next: Next) -> Response {
    let cors = &context.settings.cors;
    let allowed = cors.allowed(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !cors.is_off() {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(resource_policy, HeaderValue::from_static("cross-origin"));
    }
    response
}
