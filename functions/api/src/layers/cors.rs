//! Cross-origin requests of browsers (CORS), which are off unless the operator lists origins.
//!
//! Credentials mode is never allowed: a page sends its key itself, so no cookie and no login of a browser is involved.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use ports::config::{self, ConfigError};

use crate::context::Context;

const METHODS: &str = "GET, HEAD, POST, DELETE";

/// Headers of requests that are not allowed by themselves.
const SENT: &str =
    "Authorization, Cache-Control, Content-Type, Idempotency-Key, If-None-Match, Prefer, Traceparent";

/// Headers of responses that a page may read.
const EXPOSED: &str = "Allow, ETag, Idempotent-Replayed, Link, Location, Preference-Applied, RateLimit, \
                       RateLimit-Policy, Repr-Digest, Retry-After, X-Request-Id";

/// Seconds for which a browser may keep the response to a preflight request.
const MAX_AGE: &str = "600";

/// Origins whose pages may use the api. The default is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// Reads the setting: origins separated by commas, such as `https://app.example.com`, or `*` for any.
    ///
    /// # Errors
    /// If one of them is not an origin.
    pub fn from_env() -> Result<Self, ConfigError> {
        let given = config::optional("SLUICE_CORS_ORIGINS").unwrap_or_default();
        let wanted = "list of origins such as https://app.example.com";
        Self::parse(&given).ok_or(ConfigError::Invalid("SLUICE_CORS_ORIGINS", wanted))
    }

    /// Parses a list of origins; `None` if one of them is malformed.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let given = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
        let origins: Vec<_> = given.map(|origin| origin.to_ascii_lowercase()).collect();
        origins.iter().all(|origin| is_origin(origin)).then_some(Self { origins })
    }

    /// Returns the value of `Access-Control-Allow-Origin` for a request; `None` if its origin is not allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        if self.origins.iter().any(|known| known == "*") {
            return Some(HeaderValue::from_static("*"));
        }
        self.origins.iter().any(|known| known == text).then(|| origin.clone())
    }
}

fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text == "*" || host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@', '*']))
}

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
    if !cors.origins.is_empty() {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(list: &str, origin: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, origin.parse().unwrap());
        let allowed = Cors::parse(list).unwrap().allowed(&headers);
        allowed.map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_listed_origins_are_allowed() {
        let list = "https://app.example.com, http://localhost:8080";
        for origin in ["https://app.example.com", "http://localhost:8080"] {
            assert_eq!(allowed(list, origin).as_deref(), Some(origin));
        }
        for other in
            ["https://example.com", "http://app.example.com", "null", "https://app.example.com.evil.org"]
        {
            assert_eq!(allowed(list, other), None, "{other}");
            assert_eq!(allowed("", other), None, "off by default");
            assert_eq!(allowed("*", other).as_deref(), Some("*"));
        }
    }

    #[test]
    fn malformed_origins_are_refused() {
        for bad in
            ["example.com", "https://", "https://a/b", "https://a,ftp://b", "https://*.example.com", "null"]
        {
            assert_eq!(Cors::parse(bad), None, "{bad}");
        }
    }
}
