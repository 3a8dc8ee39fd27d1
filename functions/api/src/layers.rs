//! What is true of every answer, whatever the route: it is logged, it survives a panic, its errors are
//! problem+json, nobody may cache it unasked, nothing is answered without a key or token, no tenant asks too often, and what is
//! done or handed out is audited.

mod audit;
mod authenticate;
mod caching;
mod panics;
mod problems;
mod rate;
mod stage;

pub(crate) use audit::{Links, audit};
pub(crate) use authenticate::{Caller, authenticate};
pub(crate) use caching::caching;
pub(crate) use panics::panics;
pub(crate) use problems::problems;
pub(crate) use rate::{Rates, rate};
pub(crate) use stage::stage;

use std::time::Instant;

use crate::context::Context;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

/// Logs each request once, with its path but not its query, and now and then what the caches had.
pub(crate) async fn log(State(context): State<Context>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // A caller may have written anything; the paths of this api are short.
    let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
    let start = Instant::now();
    let response = next.run(request).await;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(%method, path, status = response.status().as_u16(), duration_ms, "request");
    context.report.look(context.shared.through.cache());
    response
}

/// Characters of a path that are logged.
const LONGEST_PATH: usize = 200;

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
