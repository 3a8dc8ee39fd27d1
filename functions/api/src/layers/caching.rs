//! HTTP caching: a response may be cached by its caller only and must be revalidated each time. If it has not
//! changed, 304 is returned.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// Adds `Cache-Control` to responses without one, and returns 304 for a matching `If-None-Match`.
pub(crate) async fn caching(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let known: Vec<_> = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    // Callers must not share a response, even through a cache that ignores `private`. Nor must different encodings be
    // mixed up.
    headers.insert(header::VARY, HeaderValue::from_static("Authorization, Accept-Encoding"));
    if reads && response.status() == StatusCode::OK && matches(response.headers(), &known) {
        return not_modified(response.headers());
    }
    response
}

/// Weak comparison (RFC 9110, section 13.1.2).
fn matches(headers: &HeaderMap, known: &[HeaderValue]) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Some(tag) = headers.get(header::ETAG).and_then(|v| v.to_str().ok()).map(opaque) else { return false };
    let mut tags = known.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    tags.any(|known| known.trim() == "*" || opaque(known) == tag)
}

fn not_modified(headers: &HeaderMap) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    for name in [header::CACHE_CONTROL, header::ETAG, header::RETRY_AFTER, header::VARY] {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}
