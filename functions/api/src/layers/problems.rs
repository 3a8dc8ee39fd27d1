//! Errors as `application/problem+json` (RFC 9457): those of the api and those of the router.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::wire::PROBLEM_MEDIA_TYPE;
use http::{HeaderValue, StatusCode, header};
use ports::metrics::{Metric, put};

use super::request_id::RequestId;
use crate::error::ApiError;

/// Adds the problem body to every error.
pub(crate) async fn problems(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let error = parts.extensions.remove::<ApiError>().unwrap_or_else(|| of_router(status));
    count(&error);
    let body = serde_json::to_vec(&error.problem(&path, id.map(|id| id.0))).expect("a problem is plain JSON");
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_MEDIA_TYPE));
    parts.headers.remove(header::CONTENT_LENGTH);
    if status != StatusCode::METHOD_NOT_ALLOWED {
        // The router adds it to every response of a fallback.
        parts.headers.remove(header::ALLOW);
    }
    Response::from_parts(parts, Body::from(body))
}

/// Counts an error response as a metric: client errors, 429s and 503s separately.
fn count(error: &ApiError) {
    let is = |status: StatusCode| u64::from(error.status == status);
    let (rate, busy) = (is(StatusCode::TOO_MANY_REQUESTS), is(StatusCode::SERVICE_UNAVAILABLE));
    put(
        "api",
        &[
            (Metric::Refusals, u64::from(error.status.is_client_error()) - rate),
            (Metric::TooMany, rate),
            (Metric::Busy, busy),
        ],
        &[("status", error.status.as_u16().into()), ("kind", error.kind.into())],
    );
}

/// Returns the error response for an error of the router itself.
fn of_router(status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::no_path(),
        StatusCode::METHOD_NOT_ALLOWED => ApiError::no_method(),
        StatusCode::BAD_REQUEST => ApiError::new(status, "the path is malformed"),
        _ => ApiError::new(status, "the request could not be processed; check its method, path and headers"),
    }
}
