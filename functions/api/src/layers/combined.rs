//! Repeated headers, combined into one field line (RFC 9110, section 5.3). A response to API Gateway is a JSON object with
//! one value per name: of repeated lines only the first would arrive.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue};

/// Combines the lines of each header that occurs more than once. All headers of the api that do are lists.
pub(crate) async fn combined(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    combine(response.headers_mut());
    response
}

fn combine(headers: &mut HeaderMap) {
    let is_repeated = |name: &&HeaderName| headers.get_all(*name).iter().nth(1).is_some();
    let repeated: Vec<_> = headers.keys().filter(is_repeated).cloned().collect();
    for name in repeated {
        let lines: Vec<_> = headers.get_all(&name).iter().map(HeaderValue::as_bytes).collect();
        if let Ok(line) = HeaderValue::from_bytes(&lines.join(&b", "[..])) {
            headers.insert(name, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;

    #[test]
    fn repeated_lines_become_one_in_their_order() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::LINK, "<a>; rel=\"monitor\""),
            (header::VARY, "Authorization"),
            (header::LINK, "<b>; rel=\"describedby\""),
            (header::ETAG, "W/\"1\""),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        combine(&mut headers);
        assert_eq!(headers.len(), headers.keys_len());
        assert_eq!(headers[header::LINK], "<a>; rel=\"monitor\", <b>; rel=\"describedby\"");
        assert_eq!(
            (&headers[header::VARY], &headers[header::ETAG]),
            (&"Authorization".parse().unwrap(), &"W/\"1\"".parse().unwrap())
        );
    }
}
