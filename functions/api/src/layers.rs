//! Layers applied to every response, whatever the route: logging, recovery from panics, the time limit, problem+json for
//! errors, cache headers, the way through CloudFront, authentication, the rate limit per tenant, and audit events for
//! changes and links handed out.

mod address;
mod audit;
mod authenticate;
mod caching;
mod combined;
mod cors;
mod gzip;
mod location;
mod log;
mod origin;
mod problems;
mod rate;
mod request_id;
mod stage;
mod time_limit;

#[cfg(test)]
pub(crate) use audit::Tried;
pub(crate) use audit::{Action, audit, note_action};
pub(crate) use authenticate::authenticate;
pub(crate) use caching::caching;
pub(crate) use combined::combined;
pub(crate) use cors::{cors, preflight};
pub(crate) use gzip::gzip;
pub(crate) use location::location;
pub(crate) use log::log;
pub(crate) use origin::origin;
pub(crate) use problems::problems;
pub(crate) use rate::rate;
pub(crate) use request_id::request_id;
pub(crate) use stage::stage;
pub(crate) use time_limit::{TIME_LIMIT, route_time_limit, time_limit};

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::{HeaderName, HeaderValue, header};

use crate::error::ApiError;

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
        // A page of the api has a policy of its own, which allows its style.
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Returns 500 in place of a panic. The panic hook logs its location.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    // State of the request is dropped with it, and the caches recover from a poisoned lock.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request panicked");
            ApiError::internal().into_response()
        }
    }
}
