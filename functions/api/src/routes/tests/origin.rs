//! Requests past CloudFront, if the api may be reached through it only.

use ports::secret::MemorySecret;

use super::*;
use crate::context::Beside;
use crate::origin::Origin;

pub(super) const HEADER: &str = "x-sluice-origin";

pub(super) fn behind_cdn(secret: MemorySecret) -> Router {
    let (store, settings) = parts(0);
    let shared = Shared::layers(None, "test", &store).unwrap();
    let ports = (Arc::new(MemoryQueue::default()), Arc::new(MemoryObjects::default()));
    let beside = Beside { origin: Some(Origin::new(secret)), ..Beside::default() };
    service(Context::build(store, ports.0, ports.1, beside, shared, settings))
}

#[tokio::test]
async fn requests_past_cloudfront_are_refused_whatever_their_path_and_key() {
    let secret = MemorySecret::default();
    secret.put("right");
    let api = behind_cdn(secret);
    let health = (Method::GET, "/health");
    for (method, path) in REQUESTS.into_iter().chain([health, (Method::GET, "/nothing")]) {
        for value in [None, Some("wrong"), Some("")] {
            let mut request = request(&method, path);
            if let Some(value) = value {
                request.headers_mut().insert(HEADER, value.parse().unwrap());
            }
            let response = api.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::FORBIDDEN, "{method} {path} {value:?}");
            if method != Method::HEAD {
                assert_eq!(problem(response).await.type_uri, "/api/v1/problems/wrong-address");
            }
        }
    }
}

#[tokio::test]
async fn requests_through_cloudfront_are_served() {
    let secret = MemorySecret::default();
    secret.put("right");
    let mut request = request(&Method::GET, "/health");
    request.headers_mut().insert(HEADER, "right".parse().unwrap());
    let response = behind_cdn(secret).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_header_does_not_matter_where_there_is_no_secret() {
    let mut request = request(&Method::GET, "/health");
    request.headers_mut().insert(HEADER, "any".parse().unwrap());
    assert_eq!(send(request).await.status(), StatusCode::OK);
}
