//! The page at the root of the host, for people: one document with its script and its style in it, so that a first load
//! is one request and the policy can name both by their hashes. What the page shows it reads from the api, with the key
//! of the person who uses it.

mod bundle;

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::auth::Auth;
use crate::context::Context;
use crate::error::ApiError;
use crate::provider::Provider;
use crate::response::text_etag;
use crate::signed_links;

/// Path of the page.
const PATH: &str = "/";

/// Frame of the document, with places for the style, the script and the word for a credential.
const FRAME: &str = include_str!("page/index.html");

const STYLE: &str = include_str!("page/style.css");

/// Place for the provider at which people sign in.
const PROVIDER: &str = "{{provider}}";

/// The page of a deployment with keys, and of one with tokens and a place for the provider; and the sources of its policy.
struct Page {
    with_keys: Bytes,
    with_tokens: String,
    script: String,
    style: String,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let script = bundle::script();
    let style = bundle::style(STYLE);
    let filled = FRAME.replace("{{style}}", &style).replace("{{script}}", &script);
    let with = |word: &str| filled.replace("{{credential}}", word);
    Page {
        with_keys: Bytes::from(with("key").replace(PROVIDER, "")),
        with_tokens: with("token"),
        script: source(&script),
        style: source(&style),
    }
});

/// Returns the source expression of CSP that admits exactly this inline text.
fn source(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}

/// Returns the page of a deployment.
fn document(auth: &Auth, provider: Option<&Provider>) -> Result<Bytes, serde_json::Error> {
    if matches!(auth, Auth::Keys) {
        return Ok(PAGE.with_keys.clone());
    }
    let provider = provider.map(serde_json::to_string).transpose()?.unwrap_or_default();
    Ok(Bytes::from(PAGE.with_tokens.replace(PROVIDER, &attribute(&provider))))
}

/// Returns a text as the value of an attribute in double quotes.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

/// Returns the policy of the page: its own script and style, requests to this api, to where the links of files lead and
/// to the provider's exchange of tokens, and nothing else. Trusted types forbid every function that parses a text as
/// markup or as a script.
fn policy(origins: &[String]) -> String {
    let Page { script, style, .. } = &*PAGE;
    let connect = [&["'self'".to_owned()], origins].concat().join(" ");
    format!(
        "default-src 'none'; script-src {script}; style-src {style}; connect-src {connect}; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// Returns the page at `/`, and passes every other request on. The page needs no key: it shows nothing without one.
pub(crate) async fn page(State(context): State<Context>, request: Request, next: Next) -> Response {
    if request.uri().path() != PATH {
        return next.run(request).await;
    }
    let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
    let provider = context.settings.provider.as_ref();
    let html = match document(&context.settings.auth, provider) {
        Ok(html) => html,
        Err(error) => return ApiError::hide(&error).into_response(),
    };
    let body = match *request.method() {
        Method::GET => Body::from(html.clone()),
        Method::HEAD => Body::empty(),
        Method::OPTIONS => return (StatusCode::NO_CONTENT, allow).into_response(),
        _ => return (allow, ApiError::no_method()).into_response(),
    };
    let origins = [signed_links::files_origin(&context).await, provider.and_then(Provider::token_origin)];
    let policy = policy(&origins.into_iter().flatten().collect::<Vec<_>>());
    let mut response = body.into_response();
    let headers = response.headers_mut();
    // The policy is part of what a cache keeps.
    let etag = text_etag(&[&html[..], policy.as_bytes()].concat());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    );
    for (name, value) in [(header::ETAG, etag), (header::CONTENT_SECURITY_POLICY, policy)] {
        match HeaderValue::try_from(value) {
            Ok(value) => headers.insert(name, value),
            Err(error) => return ApiError::hide(&error).into_response(),
        };
    }
    response
}

#[cfg(test)]
mod tests;
