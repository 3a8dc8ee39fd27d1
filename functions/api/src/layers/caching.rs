//! HTTP caching: a response may be cached by its caller only and must be revalidated each time. If it has not
//! changed, 304 is returned.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::response::is_known;

/// Adds `Cache-Control` to responses without one, and returns 304 for a matching `If-None-Match`.
pub(crate) async fn caching(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let sent = request.headers().clone();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    // Callers must not share a response, even through a cache that ignores `private`. Nor must different encodings be
    // mixed up.
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, Accept-Encoding"));
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if reads && response.status() == StatusCode::OK && tag.is_some_and(|tag| is_known(tag, &sent)) {
        return not_modified(response.headers());
    }
    response
}

fn not_modified(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    // A browser replaces the policy that it has stored with the one of this response.
    let kept = [
        header::CACHE_CONTROL,
        header::CONTENT_SECURITY_POLICY,
        header::ETAG,
        header::LINK,
        header::RETRY_AFTER,
        header::VARY,
    ];
    let ours = ["preference-applied", "ratelimit", "ratelimit-policy"].map(HeaderName::from_static);
    for name in kept.into_iter().chain(ours) {
        for value in headers.get_all(&name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response
}
