//! Errors as `application/problem+json` (RFC 9457): those of the api and those of the router.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::wire::PROBLEM_MEDIA_TYPE;
use http::{HeaderValue, StatusCode, header};
use ports::metrics::{Metric, put};

use crate::refusal::Refusal;

/// Adds the problem body to every error.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let refusal = parts.extensions.remove::<Refusal>().unwrap_or_else(|| of_router(status));
    count(&refusal);
    let body = serde_json::to_vec(&refusal.problem(&path)).expect("a problem is plain JSON");
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
    parts.headers.remove(header::CONTENT_LENGTH);
    if status != StatusCode::METHOD_NOT_ALLOWED {
        // The router adds it to every response of a fallback.
        parts.headers.remove(header::ALLOW);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Counts an error response as a metric: client errors, 429s and 503s separately.
fn count(refusal: &Refusal) {
    let is = |status: StatusCode| u64::from(refusal.status == status);
    let (rate, busy) = (is(StatusCode::TOO_MANY_REQUESTS), is(StatusCode::SERVICE_UNAVAILABLE));
    put(
        "api",
        &[
            (Metric::Refusals, u64::from(refusal.status.is_client_error()) - rate),
            (Metric::TooMany, rate),
            (Metric::Busy, busy),
        ],
        &[("status", refusal.status.as_u16().into()), ("kind", refusal.kind.into())],
    );
}

/// Returns the error response for an error of the router itself.
fn of_router(status: StatusCode) -> Refusal {
    match status {
        StatusCode::NOT_FOUND => Refusal::no_path(),
        StatusCode::METHOD_NOT_ALLOWED => Refusal::no_method(),
        StatusCode::BAD_REQUEST => Refusal::new(status, "the path is malformed"),
        _ => Refusal::new(status, "the request could not be processed; check its method, path and headers"),
    }
}
