//! Conventions of every response: its id, its links, the rate limit, preferences, and cross-origin requests.

use super::*;
use crate::cors::Cors;

#[tokio::test]
async fn every_response_has_an_id_and_links_the_description() {
    let mut ids = BTreeSet::new();
    for (method, path) in REQUESTS {
        let response = send(request(&method, path)).await;
        let id = header_of(&response, "x-request-id").unwrap().to_owned();
        let link = header_of(&response, "link").unwrap();
        assert!(link.contains("openapi.json>; rel=\"describedby\""), "{method} {path}: {link}");
        assert_eq!(problem(response).await.request_id, Some(id.clone()), "{method} {path}");
        assert!(ids.insert(id), "each request has its own");
    }
    let mut named = request(&Method::GET, "/exports");
    named.headers_mut().insert("x-request-id", "mine".parse().unwrap());
    assert_ne!(header_of(&send(named).await, "x-request-id"), Some("mine"));
}

#[tokio::test]
async fn no_header_is_repeated() {
    // API Gateway passes on one value of each header.
    let api = with_cors(Cors::parse("*").unwrap());
    for (method, path) in
        REQUESTS.into_iter().chain([(Method::GET, "/health"), (Method::GET, "/openapi.json")])
    {
        let mut sent = request(&method, path);
        sent.headers_mut().insert("origin", "https://app.example.com".parse().unwrap());
        let response = api.clone().oneshot(sent).await.unwrap();
        let headers = response.headers();
        assert_eq!(headers.len(), headers.keys_len(), "{method} {path}: {headers:?}");
        assert_eq!(
            header_of(&response, "vary"),
            Some("Authorization, Accept-Encoding, Origin"),
            "{method} {path}"
        );
    }
    let catalog = send(Request::get("/.well-known/api-catalog").body(Body::empty()).unwrap()).await;
    let link = header_of(&catalog, "link").unwrap();
    assert!(link.contains("rel=\"api-catalog\"") && link.contains("rel=\"describedby\""), "{link}");
}

#[tokio::test]
async fn exceeding_the_rate_limit_is_a_429_with_retry_after() {
    let api = limited(1);
    let ask = |path| api.clone().oneshot(request(&Method::GET, path));
    for _ in 0..2 {
        assert_ne!(
            ask("/exports/none").await.unwrap().status(),
            429,
            "twice a second's requests may come at once"
        );
    }
    let response = ask("/exports/none").await.unwrap();
    assert_eq!((response.status().as_u16(), header_of(&response, "retry-after")), (429, Some("1")));
    let problem = problem(response).await;
    assert_eq!(problem.type_uri, "/api/v1/problems/too-many-requests");
    assert!(problem.detail.contains("TenantRequestsPerSecond"), "{}", problem.detail);
    let health = Request::get(format!("{BASE_PATH}/health")).body(Body::empty()).unwrap();
    assert_eq!(api.clone().oneshot(health).await.unwrap().status(), 200);
}

#[tokio::test]
async fn rate_limit_is_reported() {
    let api = limited(1);
    for (left, full_in_secs) in [(1, 1), (0, 2)] {
        let response = api.clone().oneshot(request(&Method::GET, "/exports/none")).await.unwrap();
        assert_eq!(header_of(&response, "ratelimit-policy"), Some("\"tenant\";q=2;w=2"));
        assert_eq!(
            header_of(&response, "ratelimit"),
            Some(&*format!("\"tenant\";r={left};t={full_in_secs}"))
        );
    }
    let response = send(request(&Method::GET, "/exports/none")).await;
    assert_eq!(header_of(&response, "ratelimit"), None, "without a limit there is nothing to report");
}

#[tokio::test]
async fn types_of_problems_resolve_to_pages() {
    let response = send(request(&Method::GET, "/exports?limit=0")).await;
    let problem = problem(response).await;
    assert_eq!(problem.type_uri, "/api/v1/problems/invalid-parameters");
    let page = send(Request::get(problem.type_uri).body(Body::empty()).unwrap()).await;
    assert_eq!(page.status(), 200);
    let body = axum::body::to_bytes(page.into_body(), 1 << 20).await.unwrap();
    assert!(String::from_utf8_lossy(&body).contains(&problem.title));
}

/// Sends a request of a page from this origin.
async fn from_origin(cors: &str, method: Method, origin: &str, preflight: bool) -> Response {
    let mut request = Request::builder().method(method).uri("/api/v1/exports").header("origin", origin);
    if preflight {
        request = request.header("access-control-request-method", "POST");
    }
    with_cors(Cors::parse(cors).unwrap()).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

#[tokio::test]
async fn pages_of_listed_origins_may_use_the_api() {
    let (list, page) = ("https://app.example.com", "https://app.example.com");
    let preflight = from_origin(list, Method::OPTIONS, page, true).await;
    assert_eq!(preflight.status(), 204, "a preflight request has no key");
    assert_eq!(header_of(&preflight, "access-control-allow-origin"), Some(page));
    assert!(header_of(&preflight, "access-control-allow-headers").unwrap().contains("Authorization"));
    let refused = from_origin(list, Method::GET, page, false).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(header_of(&refused, "access-control-allow-origin"), Some(page), "errors can be read too");
    assert_eq!(header_of(&refused, "cross-origin-resource-policy"), Some("cross-origin"));
    for (list, page) in [("", page), (list, "https://evil.example.com")] {
        let preflight = from_origin(list, Method::OPTIONS, page, true).await;
        assert_eq!(preflight.status(), 401);
        assert_eq!(header_of(&preflight, "access-control-allow-origin"), None);
    }
}

#[tokio::test]
async fn options_needs_no_right_to_write() {
    let router = with_access(Access { datasets: None, writes: false });
    let response = router.oneshot(request(&Method::OPTIONS, "/exports")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), header_of(&response, "allow")),
        (204, Some("GET, POST, HEAD, OPTIONS"))
    );
}

#[tokio::test]
async fn page_keeps_its_policy_in_304() {
    for path in ["/", "/api/v1/reference.html"] {
        let page = |tag: &str| {
            send(Request::get(path).header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap())
        };
        let first = page("\"another\"").await;
        assert_eq!(first.status(), 200, "{path}");
        let again = page(header_of(&first, "etag").unwrap()).await;
        assert_eq!(again.status(), 304, "{path}");
        let policy = |response: &Response| header_of(response, "content-security-policy").map(str::to_owned);
        assert_eq!(policy(&again), policy(&first), "{path}: a browser would take another for the page");
    }
}
