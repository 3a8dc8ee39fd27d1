//! JSON bodies: at most 1 MiB, `application/json`, and no duplicate key in an object.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::error::ApiError;

mod unique;

/// Maximum size of a body in bytes.
pub(crate) const MAX_BODY_BYTES: usize = 1 << 20;

/// Request body that is valid JSON.
#[derive(Debug)]
pub(crate) struct Body(pub(crate) Value);

impl<S: Sync> FromRequest<S> for Body {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let detail =
                "the Content-Type of the request is not application/json; send the body as application/json";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
        }
        let bytes = axum::body::to_bytes(request.into_body(), MAX_BODY_BYTES).await.map_err(|_| {
            let detail = format!("the body exceeds {MAX_BODY_BYTES} bytes; split it into several requests");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
        })?;
        // RFC 8259 allows a parser to ignore a byte order mark, and some editors write one.
        let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        unique::parse(json).map(Self).map_err(|error| {
            ApiError::new(StatusCode::BAD_REQUEST, format!("the body is not valid JSON: {error}"))
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let given = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let (media_type, parameters) = given.split_once(';').unwrap_or((given, ""));
    let charset = parameters.trim().to_ascii_lowercase();
    media_type.trim().eq_ignore_ascii_case("application/json")
        && (charset.is_empty() || charset == "charset=utf-8" || charset == "charset=\"utf-8\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(content_type: &str, body: impl Into<axum::body::Body>) -> Result<Value, ApiError> {
        let request =
            Request::post("/").header(header::CONTENT_TYPE, content_type).body(body.into()).unwrap();
        Body::from_request(request, &()).await.map(|body| body.0)
    }

    async fn refused(content_type: &str, body: impl Into<axum::body::Body>) -> (u16, String) {
        let error = read(content_type, body).await.unwrap_err();
        (error.status.as_u16(), error.detail)
    }

    #[tokio::test]
    async fn json_is_read() {
        for content_type in ["application/json", "Application/JSON; charset=UTF-8"] {
            assert_eq!(
                read(content_type, r#"{"a": [1, -2, 3.5, "x", null, true]}"#).await.unwrap()["a"][1],
                -2
            );
        }
    }

    #[tokio::test]
    async fn a_byte_order_mark_is_ignored() {
        assert_eq!(read("application/json", "\u{feff}{\"a\": 1}").await.unwrap()["a"], 1);
    }

    #[tokio::test]
    async fn another_content_type_is_refused() {
        for bad in ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1"]
        {
            assert_eq!(refused(bad, "{}").await.0, 415, "{bad}");
        }
    }

    #[tokio::test]
    async fn broken_json_is_refused_with_line_and_column() {
        for bad in ["", "{", "{\"a\": 1,}", "\n  nope", "{} {}", "\u{feff}", "{\u{feff}}", "NaN"] {
            let (status, detail) = refused("application/json", bad).await;
            assert_eq!(status, 400, "{bad}");
            assert!(detail.contains("line ") && detail.contains("column "), "{detail}");
        }
        assert_eq!(refused("application/json", vec![b'"', 0xff, b'"']).await.0, 400);
    }

    #[tokio::test]
    async fn deep_json_is_refused() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let (status, detail) = refused("application/json", deep).await;
        assert!(status == 400 && detail.contains("recursion limit"), "{detail}");
    }

    #[tokio::test]
    async fn the_same_key_twice_is_refused() {
        let (status, detail) = refused("application/json", r#"{"a": {"x": 1, "x": 2}}"#).await;
        assert!(status == 400 && detail.contains("duplicate key \"x\""), "{detail}");
    }

    #[tokio::test]
    async fn a_large_body_is_refused() {
        let (fits, too_large) =
            (" ".repeat(MAX_BODY_BYTES - 2) + "{}", " ".repeat(MAX_BODY_BYTES - 1) + "{}");
        assert!(read("application/json", fits).await.is_ok());
        assert_eq!(refused("application/json", too_large).await.0, 413);
    }
}
