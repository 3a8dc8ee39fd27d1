//! `Location` and `Link` of responses, relative to the request. The path that leads to `/api/v1` depends on the address
//! used (a stage, a CDN, a local emulator), of which the api knows only some. Relative references are valid per
//! RFC 9110 and RFC 8288.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::wire::BASE_PATH;
use http::{HeaderValue, header};

/// Description of the api, which every response links.
const DESCRIPTION: &str = "</api/v1/openapi.json>; rel=\"describedby\"; type=\"application/openapi+json\"";

/// Makes a `Location` and the links to this api relative to the request. Links to objects are left unchanged.
pub(crate) async fn location(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let relative_location = headers
        .get(header::LOCATION)
        .and_then(|to| relative(&path, to.to_str().ok()?))
        .map(HeaderValue::try_from);
    if let Some(Ok(to)) = relative_location {
        headers.insert(header::LOCATION, to);
    }
    headers.append(header::LINK, HeaderValue::from_static(DESCRIPTION));
    let links: Vec<_> = headers.get_all(header::LINK).iter().map(|link| relative_link(&path, link)).collect();
    headers.remove(header::LINK);
    for link in links {
        headers.append(header::LINK, link);
    }
    response
}

/// Returns a link (`<target>; parameters`) with its target relative to `from`.
fn relative_link(from: &str, link: &HeaderValue) -> HeaderValue {
    let rewritten = || {
        let (target, parameters) = link.to_str().ok()?.strip_prefix('<')?.split_once('>')?;
        HeaderValue::try_from(format!("<{}>{parameters}", relative(from, target)?)).ok()
    };
    rewritten().unwrap_or_else(|| link.clone())
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

    #[test]
    fn links_resolve_equally_from_every_address() {
        let seen =
            |from| relative_link(from, &HeaderValue::from_static(DESCRIPTION)).to_str().unwrap().to_owned();
        assert!(seen("/api/v1/exports").starts_with("<openapi.json>; rel="), "{}", seen("/api/v1/exports"));
        assert!(seen("/prod/api/v1/exports/1").starts_with("<../openapi.json>; rel="));
        assert_eq!(seen("/favicon.ico"), DESCRIPTION, "outside of the api it begins at the host");
        let next = HeaderValue::from_static("</api/v1/exports?limit=1&cursor=e1.a>; rel=\"next\"");
        assert_eq!(relative_link("/api/v1/exports", &next), "<exports?limit=1&cursor=e1.a>; rel=\"next\"");
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
