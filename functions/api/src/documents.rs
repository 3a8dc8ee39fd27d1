//! Documents about the api, which need no key: its description, the schema of manifests, the reference page, a page for each
//! type of problem, and the catalog of the host (RFC 9727). None of them depends on the caller or the store.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use export::wire::BASE_PATH;
use http::{HeaderValue, Method, StatusCode, header};

use crate::error::ApiError;
use crate::problem_kind::ProblemKind;
use crate::response::text_etag;

/// Path of the catalog of the host.
pub(crate) const CATALOG_PATH: &str = "/.well-known/api-catalog";

/// Description of the api, generated from the wire types and the table of operations.
const OPENAPI: &str = include_str!("../openapi.json");

/// JSON Schema of a manifest, generated from its wire type.
const MANIFEST: &str = include_str!("../manifest.schema.json");

/// Path of that schema below the base path.
pub(crate) const MANIFEST_SCHEMA: &str = "manifest.schema.json";

/// Reference page, generated from the description.
const REFERENCE: &str = include_str!("../reference.html");

/// Style of the pages.
const STYLE: &str = include_str!("documents/style.css");

/// Policy of the pages: they load only their style, from this api.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Link with which the catalog names itself.
const CATALOG_LINK: &str = "</.well-known/api-catalog>; rel=\"api-catalog\"";

/// A document with its media type.
#[derive(Clone)]
struct Document {
    media_type: &'static str,
    body: Bytes,
    etag: HeaderValue,
}

impl Document {
    fn new(media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let etag = HeaderValue::try_from(text_etag(&body)).expect("a hash is a valid header");
        Self { media_type, body, etag }
    }
}

/// Documents whose paths are fixed.
static FIXED: LazyLock<[(String, Document); 5]> = LazyLock::new(|| {
    let html = "text/html; charset=utf-8";
    let catalog = "application/linkset+json; profile=\"https://www.rfc-editor.org/info/rfc9727\"";
    [
        (format!("{BASE_PATH}/openapi.json"), Document::new("application/openapi+json", OPENAPI)),
        (format!("{BASE_PATH}/manifest.schema.json"), Document::new("application/schema+json", MANIFEST)),
        (format!("{BASE_PATH}/reference.html"), Document::new(html, REFERENCE)),
        (format!("{BASE_PATH}/reference.css"), Document::new("text/css; charset=utf-8", STYLE)),
        (CATALOG_PATH.to_owned(), Document::new(catalog, host_catalog())),
    ]
});

/// Returns the document at this path.
fn find(path: &str) -> Option<Document> {
    if let Some((_, document)) = FIXED.iter().find(|(fixed, _)| fixed == path) {
        return Some(document.clone());
    }
    let kind = path.strip_prefix(BASE_PATH)?.strip_prefix("/problems/")?;
    ProblemKind::find(kind).map(|kind| Document::new("text/html; charset=utf-8", kind.page()))
}

/// Returns the documents, and passes every other request on.
pub(crate) async fn documents(request: Request, next: Next) -> Response {
    let Some(document) = find(request.uri().path()) else { return next.run(request).await };
    let allow = [(header::ALLOW, "GET, HEAD, OPTIONS")];
    let body = match *request.method() {
        Method::GET => Body::from(document.body),
        Method::HEAD => Body::empty(),
        Method::OPTIONS => return (StatusCode::NO_CONTENT, allow).into_response(),
        _ => return (allow, ApiError::no_method()).into_response(),
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(document.media_type));
    headers.insert(header::ETAG, document.etag);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if request.uri().path() == CATALOG_PATH {
        headers.append(header::LINK, HeaderValue::from_static(CATALOG_LINK));
    }
    response
}

/// Returns the catalog of the host: the one api, with its description, its reference and its health, and the schema of
/// manifests.
fn host_catalog() -> String {
    let link = |path: &str, media_type: &str| serde_json::json!([{"href": format!("{BASE_PATH}{path}"), "type": media_type}]);
    let api = serde_json::json!({
        "anchor": BASE_PATH,
        "service-desc": link("/openapi.json", "application/openapi+json"),
        "service-doc": link("/reference.html", "text/html"),
        "status": link("/health", "application/json"),
        "describedby": link("/manifest.schema.json", "application/schema+json"),
    });
    serde_json::json!({ "linkset": [api] }).to_string()
}
