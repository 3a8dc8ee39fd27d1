//! What is true of every answer, whatever the route: it is logged, it survives a panic, its errors are
//! problem+json, nobody may cache it unasked, nothing is answered without a key or token, no tenant asks too often, and what is
//! done or handed out is audited.

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

/// Headers for the case that a browser shows an answer.
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
