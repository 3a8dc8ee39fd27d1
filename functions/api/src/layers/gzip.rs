//! Gzip compression of large responses of text for clients that accept it. It saves transfer time. The ETag is weak and
//! identifies the content, so it is the same with and without compression.

use std::io::Write;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, Method, header};

/// Minimum size in bytes of a body that is compressed. Smaller ones fit into one or two packets uncompressed.
const WORTH_BYTES: u64 = 1400;

/// Maximum size of a body in bytes. No response of the api is that large.
const MAX_BYTES: usize = 64 << 20;

/// Compresses a body of text that is large enough.
pub(crate) async fn gzip(request: Request, next: Next) -> Response {
    let wanted = *request.method() != Method::HEAD && accepts_gzip(request.headers());
    let response = next.run(request).await;
    let size = response.body().size_hint().exact().unwrap_or_default();
    if !wanted || size < WORTH_BYTES || !is_text(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The body is in memory already, so reading it cannot fail.
    let plain = axum::body::to_bytes(body, MAX_BYTES).await.unwrap_or_default();
    let packed = pack(&plain).filter(|packed| packed.len() < plain.len());
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = match packed {
        None => Body::from(plain),
        Some(packed) => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            Body::from(packed)
        }
    };
    Response::from_parts(parts, body)
}

fn pack(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::new(5));
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

/// Returns true for media types that compress well: JSON of every kind, and the pages.
fn is_text(headers: &HeaderMap) -> bool {
    let media_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default();
    essence == "application/json" || essence.ends_with("+json") || essence.starts_with("text/")
}

/// Returns true if the client accepts gzip (RFC 9110, section 12.5.3). A client that does not send the header may not
/// support it.
fn accepts_gzip(headers: &HeaderMap) -> bool {
    let given = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let (mut named, mut any) = (None, None);
    for coding in given.flat_map(|value| value.split(',')) {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.trim().parse::<f32>().ok());
        let taken = weight.is_some_and(|q| q > 0.0);
        match name.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => named = Some(taken),
            "*" => any = Some(taken),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn gzip_is_sent_only_when_accepted() {
        let accepts = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            accepts_gzip(&headers)
        };
        for yes in ["gzip", "br, GZIP;q=0.5", "*", "deflate, gzip;q=1.0, *;q=0", "x-gzip"] {
            assert!(accepts(yes), "{yes}");
        }
        for no in ["", "br", "gzip;q=0", "identity", "*;q=0", "gzip;q=0.0, *", "gzip;q=x"] {
            assert!(!accepts(no), "{no}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }

    #[test]
    fn packed_bytes_unpack_to_the_original() {
        let plain = b"{\"exports\":[]}".repeat(1000);
        let packed = pack(&plain).unwrap();
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain && packed.len() < plain.len() / 10, "{}", packed.len());
    }
}
