//! `Location` of created resources, relative to the request. The path that leads to `/api/v1` depends on the address
//! used (a stage, a CDN, a local emulator), of which the api knows only some. A relative `Location` is valid per RFC
//! 9110.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::wire::BASE_PATH;
use http::{HeaderValue, header};

/// Makes a `Location` on this api relative to the request. Links to objects are left unchanged.
pub(crate) async fn location(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let relative = response.headers().get(header::LOCATION).and_then(|to| relative(&path, to.to_str().ok()?));
    if let Some(relative) = relative.and_then(|to| HeaderValue::try_from(to).ok()) {
        response.headers_mut().insert(header::LOCATION, relative);
    }
    response
}

/// Returns `to`, a path on this api, relative to `from`.
fn relative(from: &str, to: &str) -> Option<String> {
    let below = |path: &str| path.strip_prefix(BASE_PATH)?.strip_prefix('/').map(str::to_owned);
    let to = below(to)?;
    let start = from.find(&format!("{BASE_PATH}/"))?;
    let from = below(&from[start..])?;
    Some(format!("{}{to}", "../".repeat(from.matches('/').count())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_location_resolves_equally_from_every_address() {
        let to = "/api/v1/exports/1";
        for (from, seen) in [
            ("/api/v1/exports", "exports/1"),
            ("/api/v1/Clients", "exports/1"),
            ("/prod/api/v1/exports", "exports/1"),
            ("/api/v1/exports/", "../exports/1"),
            ("/api/v1/exports/2/retry", "../../exports/1"),
            ("/prod/api/v1/exports/2/retry", "../../exports/1"),
        ] {
            assert_eq!(relative(from, to).as_deref(), Some(seen), "{from}");
            let base = url_of(from);
            assert!(base.join(seen).ends_with("/api/v1/exports/1"), "{from}");
        }
        assert_eq!(relative("/api/v1/exports/1/manifest", "https://bucket/t/acme/x"), None);
        assert_eq!(relative("/api/v1/exports", "/elsewhere"), None);
    }

    /// Base path against which relative references are resolved (RFC 3986, section 5.2).
    struct Base(Vec<String>);

    fn url_of(path: &str) -> Base {
        let mut parts: Vec<_> = path.split('/').map(str::to_owned).collect();
        parts.pop();
        Base(parts)
    }

    impl Base {
        fn join(&self, reference: &str) -> String {
            let mut parts = self.0.clone();
            for part in reference.split('/') {
                if part == ".." {
                    parts.pop();
                } else {
                    parts.push(part.to_owned());
                }
            }
            parts.join("/")
        }
    }
}
