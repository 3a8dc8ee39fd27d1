//! Layers applied to every response, whatever the route: logging, recovery from panics, problem+json for errors,
//! cache headers, authentication, the rate limit per tenant, and audit events for changes and links handed out.

mod audit;
mod authenticate;
mod caching;
mod gzip;
mod location;
mod log;
mod panics;
mod problems;
mod rate;
mod stage;

pub(crate) use audit::audit;
pub(crate) use authenticate::{Caller, authenticate};
pub(crate) use caching::caching;
pub(crate) use gzip::gzip;
pub(crate) use location::location;
pub(crate) use log::log;
pub(crate) use panics::panics;
pub(crate) use problems::problems;
pub(crate) use rate::{Rates, rate};
pub(crate) use stage::stage;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// Headers that protect a browser which displays a response.
const SECURITY: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=63072000"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Adds the security headers.
pub(crate) async fn security(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
