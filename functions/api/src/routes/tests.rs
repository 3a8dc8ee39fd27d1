//! Tests that need no store: the store is unreachable, so a request that passes all checks returns 503.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use export::access::Access;
use export::wire::{PROBLEM_MEDIA_TYPE, Problem};
use http::{Method, Request, header};
use ports::objects::MemoryObjects;
use ports::queue::MemoryQueue;
use store::{KeyOwner, Store};
use tower::ServiceExt;

use super::*;
use crate::caches::Shared;
use crate::error::ApiError;
use crate::key::Presented;
use crate::settings::Settings;

mod address;
mod audited;
mod conventions;
mod methods;
mod openapi;
mod origin;

const ID: &str = "0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11";

/// Requests to every route that needs a key.
const REQUESTS: [(Method, &str); 26] = [
    (Method::GET, "/datasets"),
    (Method::GET, "/datasets/orders"),
    (Method::GET, "/destinations"),
    (Method::GET, "/limits"),
    (Method::GET, "/exports"),
    (Method::POST, "/exports"),
    (Method::POST, "/exports?dryRun=true"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11"),
    (Method::DELETE, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11"),
    (Method::POST, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/retry"),
    (Method::POST, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/extend"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/files"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/files?links=true"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/files/orders.all.csv.gz"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/chunks"),
    (Method::GET, "/exports/0d9d6f4e-1f7a-4c53-9d5c-6b1f0a7f2a11/manifest"),
    (Method::GET, "/saved"),
    (Method::POST, "/saved"),
    (Method::GET, "/saved/daily"),
    (Method::PUT, "/saved/daily"),
    (Method::DELETE, "/saved/daily"),
    (Method::POST, "/saved/daily/pause"),
    (Method::POST, "/saved/daily/resume"),
    (Method::POST, "/saved/daily/run"),
    (Method::GET, "/saved/daily/runs"),
    (Method::POST, "/Clients"),
];

fn key() -> String {
    format!("Bearer slc_abcd1234_{}", "0123456789abcdef".repeat(4))
}

/// The api with an unreachable store. The key of these tests is cached.
fn unreachable() -> Router {
    made(Access::full(), 0)
}

fn with_access(access: Access) -> Router {
    made(access, 0)
}

fn limited(tenant_requests_per_second: u32) -> Router {
    made(Access::full(), tenant_requests_per_second)
}

/// A store that cannot be reached, and settings.
fn parts(tenant_requests_per_second: u32) -> (Store, Settings) {
    let store = Store::new("postgres://nobody:secret@127.0.0.1:1/none").unwrap();
    let settings = Settings {
        auth: Default::default(),
        link_secs: 900,
        deadline_secs: 86_400,
        target_bytes: 1 << 28,
        max_chunks: 1000,
        worker_memory_mb: 1769,
        limits: Default::default(),
        cache_for: Duration::from_secs(30),
        cors: Default::default(),
        provider: None,
        tenant_requests_per_second,
    };
    (store.with_patience(Duration::from_millis(1)), settings)
}

fn with_cors(cors: crate::cors::Cors) -> Router {
    let (store, settings) = parts(0);
    of_parts(Access::full(), store, Settings { cors, ..settings })
}

fn made(access: Access, tenant_requests_per_second: u32) -> Router {
    let (store, settings) = parts(tenant_requests_per_second);
    of_parts(access, store, settings)
}

fn of_parts(access: Access, store: Store, settings: Settings) -> Router {
    let shared = Shared::layers(None, "test", &store).unwrap();
    let context = Context::new(
        store,
        Arc::new(MemoryQueue::default()),
        Arc::new(MemoryObjects::default()),
        shared,
        settings,
    );
    let mut headers = http::HeaderMap::new();
    headers.insert(header::AUTHORIZATION, key().parse().unwrap());
    let owner = KeyOwner { tenant: "acme".parse().unwrap(), changes: 0, access };
    context.keys.know(Presented::from_headers(&headers).unwrap(), owner);
    service(context)
}

fn request(method: &Method, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(format!("{BASE_PATH}{path}"))
        .header(header::AUTHORIZATION, key())
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from("{}"))
        .unwrap()
}

async fn send(request: Request<Body>) -> Response {
    unreachable().oneshot(request).await.unwrap()
}

fn header_of<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

/// Checks the common properties of every error, and parses it.
async fn problem(response: Response) -> Problem {
    let status = response.status().as_u16();
    assert_eq!(header_of(&response, "content-type"), Some(PROBLEM_MEDIA_TYPE));
    assert_eq!(header_of(&response, "cache-control"), Some("private, no-cache"));
    assert_eq!(header_of(&response, "x-content-type-options"), Some("nosniff"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let problem: Problem = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.status, status);
    assert!(!problem.title.is_empty() && !problem.detail.is_empty(), "{problem:?}");
    assert!(problem.instance.as_deref().is_some_and(|path| path.starts_with('/')), "{problem:?}");
    problem
}

#[tokio::test]
async fn health_needs_no_key_and_no_store() {
    for prefix in ["", "/prod"] {
        let request = Request::get(format!("{prefix}{BASE_PATH}/health")).body(Body::empty()).unwrap();
        let response = send(request).await;
        assert_eq!(response.status(), 200);
        assert_eq!(header_of(&response, "cache-control"), Some("private, no-cache"));
        assert!(header_of(&response, "etag").is_some_and(|tag| tag.starts_with("W/\"")));
    }
}

#[tokio::test]
async fn every_other_route_needs_a_key() {
    let others = [
        (Method::GET, "/nothing/here"),
        (Method::PATCH, "/exports"),
        (Method::OPTIONS, "/exports"),
        (Method::HEAD, "/nope"),
    ];
    for (method, path) in REQUESTS.into_iter().chain(others) {
        let mut request = request(&method, path);
        request.headers_mut().remove(header::AUTHORIZATION);
        let response = send(request).await;
        assert_eq!(response.status(), 401, "{method} {path}");
        assert_eq!(header_of(&response, "www-authenticate"), Some("Bearer realm=\"sluice\""));
        problem(response).await;
    }
}

#[tokio::test]
async fn malformed_key_is_refused_without_a_store_query() {
    let mut request = request(&Method::GET, "/exports");
    request.headers_mut().insert(header::AUTHORIZATION, "Bearer nonsense".parse().unwrap());
    assert_eq!(send(request).await.status(), 401);
}

#[tokio::test]
async fn unreachable_store_is_a_503_on_every_route() {
    for (method, path) in REQUESTS {
        let response = send(request(&method, path)).await;
        assert_eq!(response.status(), 503, "{method} {path}");
        assert!(header_of(&response, "retry-after").is_some_and(|secs| secs.parse::<u32>().is_ok()));
        let problem = problem(response).await;
        assert!(!format!("{problem:?}").contains("127.0.0.1"), "{problem:?}");
    }
}

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    assert_eq!(problem(send(request(&Method::GET, "/exports/a/b/c")).await).await.status, 404);
    let response = send(request(&Method::PUT, "/exports")).await;
    assert_eq!(header_of(&response, "allow").map(|allow| allow.contains("POST")), Some(true));
    assert_eq!(problem(response).await.status, 405);
    for reserved in ["/datasets", "/health", "/limits"] {
        assert_eq!(problem(send(request(&Method::POST, reserved)).await).await.status, 405, "{reserved}");
    }
    let upper = format!("/exports/{}", ID.to_uppercase());
    assert_eq!(send(request(&Method::GET, &upper)).await.status(), 503, "an id may be in upper case");
    let mut outside = request(&Method::GET, "");
    *outside.uri_mut() = "/favicon.ico".parse().unwrap();
    assert_eq!(problem(send(outside).await).await.status, 404);
}

#[tokio::test]
async fn malformed_ids_are_404_like_foreign_ones() {
    let expected = ApiError::no_export().detail;
    for bad in ["x", "%00", "%ff", "..%2f..", &ID.replace('-', "")] {
        for (method, path) in REQUESTS.iter().filter(|(_, path)| path.contains(ID)) {
            let response = send(request(method, &path.replace(ID, bad))).await;
            assert_eq!(response.status(), 404, "{bad}");
            assert_eq!(problem(response).await.detail, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn body_is_checked_before_any_store_query() {
    for (content_type, body, status) in [
        ("text/csv", "{}".to_owned(), 415),
        ("application/json", "{".to_owned(), 400),
        ("application/json", "[".repeat(5000), 400),
        ("application/json", " ".repeat(1 << 21), 413),
    ] {
        for path in ["/exports", "/saved", "/Clients"] {
            let mut request = request(&Method::POST, path);
            request.headers_mut().insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            *request.body_mut() = Body::from(body.clone());
            assert_eq!(problem(send(request).await).await.status, status, "{path}");
        }
    }
}

#[tokio::test]
async fn parameters_and_headers_are_checked() {
    for (method, path) in [
        (Method::GET, "/exports?cursor=x"),
        (Method::GET, "/exports?limit=101"),
        (Method::GET, "/exports?status=done"),
        (Method::GET, "/exports?state=failed"),
        (Method::GET, &*format!("/exports/{ID}/files?links=1")),
        (Method::GET, &*format!("/exports/{ID}/chunks?cursor=c-1")),
        (Method::POST, "/exports?dryRun=yes"),
    ] {
        let problem = problem(send(request(&method, path)).await).await;
        assert_eq!((problem.status, problem.violations.len()), (400, 1), "{path}");
    }
    let mut request = request(&Method::POST, "/exports");
    request.headers_mut().insert("idempotency-key", "k".repeat(256).parse().unwrap());
    request.headers_mut().insert("cache-control", "max-age=x".parse().unwrap());
    let problem = problem(send(request).await).await;
    let pointers: Vec<_> = problem.violations.iter().map(|v| v.pointer.as_str()).collect();
    assert_eq!(pointers, ["Cache-Control", "Idempotency-Key"]);
}

#[tokio::test]
async fn matching_etag_is_answered_with_304() {
    let health = |tag: Option<&str>| {
        let mut request = Request::get(format!("{BASE_PATH}/health")).body(Body::empty()).unwrap();
        if let Some(tag) = tag {
            request.headers_mut().insert(header::IF_NONE_MATCH, tag.parse().unwrap());
        }
        send(request)
    };
    let first = health(None).await;
    let tag = header_of(&first, "etag").unwrap().to_owned();
    for known in [&tag, "*", &format!("\"other\", {tag}"), tag.trim_start_matches("W/")] {
        let response = health(Some(known)).await;
        assert_eq!(
            (response.status().as_u16(), header_of(&response, "etag")),
            (304, Some(tag.as_str())),
            "{known}"
        );
        assert_eq!(header_of(&response, "cache-control"), Some("private, no-cache"));
    }
    assert_eq!(health(Some("W/\"other\"")).await.status(), 200);
}

#[tokio::test]
async fn panic_becomes_a_500_problem() {
    let panicking = Router::new()
        .route(
            "/",
            get(|| async {
                if true {
                    panic!("on purpose")
                }
            }),
        )
        .layer(from_fn(layers::panics))
        .layer(from_fn(layers::problems))
        .layer(from_fn(layers::caching))
        .layer(from_fn(layers::security));
    let response = panicking.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    let problem = problem(response).await;
    assert!(problem.status == 500 && !problem.detail.contains("purpose"), "{problem:?}");
}

/// The tests of this crate send a request to every route.
#[tokio::test]
async fn list_of_requests_is_complete() {
    let mut routes: BTreeSet<_> =
        ROUTES.into_iter().map(|(method, path)| format!("{method} {path}")).collect();
    assert_eq!(routes.len(), ROUTES.len(), "no route is listed twice");
    for (method, path) in &REQUESTS {
        let route = path
            .replace(ID, "{id}")
            .replace("orders.all.csv.gz", "{name}")
            .replace("/datasets/orders", "/datasets/{name}")
            .replace("/saved/daily", "/saved/{saved}")
            .replace("/Clients", "/{dataset}");
        let known = routes.remove(&format!("{method} {route}"));
        assert!(known || route == "/exports?dryRun=true", "{method} {route}");
    }
    assert_eq!(routes.into_iter().collect::<Vec<_>>(), ["GET /health"]);
}

/// Checks the headers common to all responses.
fn guarded(response: &Response) -> bool {
    [
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("vary", "Authorization, Accept-Encoding"),
    ]
    .iter()
    .all(|(name, value)| header_of(response, name) == Some(value))
        && header_of(response, "cache-control")
            .is_some_and(|value| ["no-store", "private, no-cache"].contains(&value))
}

#[tokio::test]
async fn every_answer_has_security_headers() {
    let mut statuses = BTreeSet::new();
    let mut look = |response: Response, what: &str| {
        assert!(guarded(&response), "{what}: {:?}", response.headers());
        statuses.insert(response.status().as_u16());
    };
    for (method, path) in &REQUESTS {
        look(send(request(method, path)).await, path);
        let mut stranger = request(method, path);
        stranger.headers_mut().remove(header::AUTHORIZATION);
        look(send(stranger).await, path);
        look(send(request(&Method::TRACE, path)).await, path);
        look(send(request(method, &format!("{path}/nowhere/at/all"))).await, path);
        let mut broken = request(method, path);
        *broken.body_mut() = Body::from("{");
        look(send(broken).await, path);
    }
    look(send(Request::get(format!("{BASE_PATH}/health")).body(Body::empty()).unwrap()).await, "health");
    assert!([200, 400, 401, 404, 405, 503].iter().all(|status| statuses.contains(status)), "{statuses:?}");
}

/// A read-only key.
#[tokio::test]
async fn read_only_key_is_refused_before_any_lookup() {
    let id_of = |id: &str| format!("/exports/{id}");
    for (method, path) in [
        (Method::POST, "/exports".to_owned()),
        (Method::POST, "/Clients".to_owned()),
        (Method::PUT, "/saved/daily".to_owned()),
        (Method::DELETE, id_of(ID)),
    ] {
        let router = with_access(Access { datasets: None, writes: false });
        let problem = problem(router.oneshot(request(&method, &path)).await.unwrap()).await;
        assert_eq!(
            (problem.status, problem.title.as_str()),
            (403, "Read-only credentials"),
            "{method} {path}"
        );
    }
    let router = with_access(Access { datasets: None, writes: false });
    assert_eq!(router.oneshot(request(&Method::GET, "/exports")).await.unwrap().status(), 503);
}
