//! Responses: JSON with a weak ETag, and redirects to objects.

use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use export::id::hex;
use export::wire::BASE_PATH;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::ApiError;
use crate::signed_links::IssuedLinks;

/// Keys whose values change without any event. Two bodies that differ only in them have the same ETag.
const RESTLESS: [&str; 3] = ["etaSeconds", "queuePosition", "running"];

/// JSON body with its ETag, ready to be sent or cached.
pub(crate) struct Rendered {
    pub(crate) etag: String,
    pub(crate) body: Bytes,
}

/// Serializes a body and computes its ETag.
pub(crate) fn render(body: &impl Serialize) -> Result<Rendered, ApiError> {
    let body = serde_json::to_value(body).map_err(|e| ApiError::hide(&e))?;
    Ok(Rendered { etag: etag(&body), body: body.to_string().into() })
}

/// Returns a JSON response with its ETag.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    render(body).map(|rendered| self::rendered(status, rendered))
}

/// Returns a response with a body that was rendered before.
pub(crate) fn rendered(status: StatusCode, rendered: Rendered) -> Response {
    let mut response = plain(status, rendered.body);
    if let Ok(tag) = HeaderValue::try_from(rendered.etag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Returns a JSON response that contains links. It carries `no-store`, since links are secret.
pub(crate) fn secret_json(body: &impl Serialize, issued: IssuedLinks) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(body).map_err(|e| ApiError::hide(&e))?;
    Ok(handing_out(plain(StatusCode::OK, body.into()), issued))
}

/// Adds a link to a path below the base path. `layers::location` makes it relative.
pub(crate) fn add_link(response: &mut Response, path: &str, relation: &str) {
    if let Ok(link) = HeaderValue::try_from(format!("<{BASE_PATH}/{path}>; rel=\"{relation}\"")) {
        response.headers_mut().append(header::LINK, link);
    }
}

/// Adds a link with the media type of its target.
pub(crate) fn add_typed_link(response: &mut Response, path: &str, relation: &str, media_type: &str) {
    let link = format!("<{BASE_PATH}/{path}>; rel=\"{relation}\"; type=\"{media_type}\"");
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().append(header::LINK, link);
    }
}

/// Adds the digest of the object that a redirect leads to (RFC 9530), from its SHA-256 in hexadecimal.
pub(crate) fn add_digest(response: &mut Response, sha256: &str) {
    let bytes: Option<Vec<u8>> =
        (0..sha256.len()).step_by(2).map(|i| u8::from_str_radix(sha256.get(i..i + 2)?, 16).ok()).collect();
    let value = bytes.map(|bytes| HeaderValue::try_from(format!("sha-256=:{}:", STANDARD.encode(bytes))));
    if let Some(Ok(value)) = value {
        response.headers_mut().insert(HeaderName::from_static("repr-digest"), value);
    }
}

/// Returns a redirect to a link. It carries `no-store`, since links are secret.
pub(crate) fn redirect(link: &str, issued: IssuedLinks) -> Result<Response, ApiError> {
    let location = HeaderValue::try_from(link).map_err(|e| ApiError::hide(&e))?;
    Ok(handing_out((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, location)]).into_response(), issued))
}

fn plain(status: StatusCode, body: Bytes) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn handing_out(mut response: Response, issued: IssuedLinks) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.extensions_mut().insert(issued);
    response
}

/// Returns true if `If-None-Match` names the tag, by weak comparison (RFC 9110, section 13.1.2).
pub(crate) fn is_known(tag: &str, headers: &HeaderMap) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    known.flat_map(|value| value.split(',')).any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// Computes the weak ETag of a document.
pub(crate) fn text_etag(body: &[u8]) -> String {
    format!("W/\"{}\"", hex(&Sha256::digest(body)[..16]))
}

/// Computes the weak ETag of a body, ignoring the keys in [`RESTLESS`].
fn etag(body: &Value) -> String {
    let mut hash = Sha256::new();
    feed(&mut hash, body);
    format!("W/\"{}\"", hex(&hash.finalize()[..16]))
}

fn feed(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(fields) => {
            hash.update(b"{");
            for (key, value) in fields.iter().filter(|(key, _)| !RESTLESS.contains(&key.as_str())) {
                feed(hash, &Value::from(key.as_str()));
                feed(hash, value);
            }
            hash.update(b"}");
        }
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| feed(hash, item));
            hash.update(b"]");
        }
        // The JSON spelling distinguishes types; the comma separates neighbours.
        scalar => hash.update(format!("{scalar},")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn volatile_fields_do_not_change_the_etag() {
        let before = json!({"exports": [{"id": 1, "etaSeconds": 7, "running": {"chunks": 2}}]});
        let after = json!({"exports": [{"id": 1, "queuePosition": 3}]});
        assert_eq!(etag(&before), etag(&after));
        assert!(etag(&before).starts_with("W/\""));
    }

    #[test]
    fn digest_is_written_as_structured_field() {
        let mut response = StatusCode::OK.into_response();
        add_digest(&mut response, &"00".repeat(32));
        assert_eq!(
            response.headers()["repr-digest"],
            "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:"
        );
        let mut response = StatusCode::OK.into_response();
        add_digest(&mut response, "0g");
        assert!(response.headers().is_empty());
    }

    #[test]
    fn different_bodies_have_different_etags() {
        let bodies = [
            json!({"a": "b"}),
            json!({"a": ["b"]}),
            json!(["a", "b"]),
            json!({"ab": ""}),
            json!(["ab"]),
            json!({"a": 1}),
            json!({"a": "1"}),
            json!([12]),
            json!([1, 2]),
            json!([[1], 2]),
            json!(null),
        ];
        let tags: std::collections::HashSet<_> = bodies.iter().map(etag).collect();
        assert_eq!(tags.len(), bodies.len());
    }
}
