//! Calls to a server that misbehaves.

use super::*;
use crate::testing::{Reply, Server};
use serde_json::json;

fn id() -> ExportId {
    ExportId::from_random([7; 16])
}

fn export_json() -> String {
    json!({
        "id": id(), "status": "queued", "acceptedAt": "2024-01-01T00:00:00Z",
        "deadlineAt": "2024-01-02T00:00:00Z", "request": {"datasets": "*"}, "revision": "r",
        "progress": {"chunks": {"done": 0, "failed": 0, "reused": 0, "total": 1}, "rows": 0, "bytes": 0,
            "percent": 0.0},
        "links": {"self": "/api/v1/exports/x", "files": "f", "chunks": "c"}
    })
    .to_string()
}

#[test]
fn base_url_is_accepted_with_and_without_version() {
    let url =
        |base: &str| Client::new(base, None).map(|c| c.url(&["exports", "a b"], &[("x", "1")]).to_string());
    let local = "http://127.0.0.1:4566/_aws/execute-api/abcd1234";
    let expected = format!("{local}/api/v1/exports/a%20b?x=1");
    for base in [local.to_owned(), format!("{local}/"), format!("{local}/api/v1"), format!("{local}/api/v1/")]
    {
        assert_eq!(url(&base).unwrap(), expected, "{base}");
    }
    for bad in ["", "ftp://x", "127.0.0.1", "http://x/?a=b"] {
        assert!(url(bad).is_err(), "{bad}");
    }
}

#[test]
fn key_is_sent_only_over_https_or_locally() {
    for url in ["https://example.org", "http://127.0.0.2:1", "http://[::1]:1", "http://localhost"] {
        assert!(Client::new(url, Some("slc_1_secret")).is_ok(), "{url}");
    }
    for url in [
        "http://example.org",
        "http://a.localhost",
        "http://10.0.0.1",
        "http://localhost.example.org",
        "http://[::2]",
        "HTTP://x",
    ] {
        let error = Client::new(url, Some("slc_1_secret")).unwrap_err();
        assert!(matches!(error, Error::PlainHttp { .. }) && error.is_refusal(), "{url}: {error:?}");
        assert!(
            Client::new(url, None).is_ok() && Client::insecure(url, Some("slc_1_secret")).is_ok(),
            "{url}"
        );
    }
}

#[tokio::test]
async fn client_waits_for_an_unreachable_api_and_reports() {
    // A port on which no process listens until later.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let reported = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&reported);
    let retries = Retries { tries: 3, first_wait: Duration::from_millis(20), ..Retries::default() };
    let client = Client::new(&format!("http://{address}"), None).unwrap().with_retries(retries);
    assert!(
        matches!(client.export(id()).await, Err(Error::Connection { .. })),
        "without patience it gives up"
    );
    let retries = Retries { outage: Duration::from_secs(60), ..retries };
    let client =
        client.with_retries(retries).with_notice(move |why, _| heard.lock().unwrap().push(why.to_owned()));
    let answer = tokio::spawn(async move { client.export(id()).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    let _api =
        Server::listen(std::net::TcpListener::bind(address).unwrap(), |_, _| Reply::new(200, export_json()));
    assert_eq!(answer.await.unwrap().unwrap().id, id());
    let reported = reported.lock().unwrap();
    assert!(reported.iter().all(|why| why.starts_with("the connection to the API failed")), "{reported:?}");
    assert!(!reported.is_empty());
}

#[tokio::test]
async fn pages_of_other_servers_are_not_shown() {
    let page = "<?xml version=\"1.0\"?><Error><Code>NoSuchBucket</Code></Error>";
    for status in [200, 404] {
        let server = Server::start(move |_, _| Reply::new(status, page));
        let error = server.client().export(id()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the server returned {status} without a response of the Sluice API")
        );
    }
}

#[tokio::test]
async fn key_is_sent_to_the_api_but_not_the_bucket() {
    let store = Server::start(|_, _| Reply::new(200, MANIFEST));
    let target = format!("{}/bucket/m.json?X-Amz-Signature=s", store.address);
    let api = Server::start(move |_, _| Reply::new(307, "").header("Location", &target));
    let manifest = api.client().manifest(id()).await.unwrap();
    assert_eq!(manifest.export, id());
    assert_eq!(api.requests()[0].header("authorization"), Some("Bearer slc_1_secret"));
    assert_eq!(store.requests()[0].header("authorization"), None);
    assert_eq!(store.requests()[0].line, "GET /bucket/m.json?X-Amz-Signature=s");
}

const MANIFEST: &str = r#"{"version":1,"export":"07070707-0707-4707-8707-070707070707","tenant":"a",
    "revision":"r","acceptedAt":"2024-01-01T00:00:00Z","request":{},"rows":0,"bytes":0,"datasets":[]}"#;

#[tokio::test]
async fn manifest_must_be_json() {
    let store = Server::start(|_, _| Reply::new(200, "<html>"));
    let target = store.address.clone();
    let api = Server::start(move |_, _| Reply::new(307, "").header("Location", &target));
    let error = api.client().manifest(id()).await.unwrap_err();
    assert!(matches!(error, Error::Body { what: "manifest", .. }), "{error:?}");
}

#[tokio::test]
async fn client_retries_a_busy_api_after_retry_after() {
    let api = Server::start(|n, _| match n {
        0 => Reply::new(503, r#"{"message":"Service Unavailable"}"#).header("Retry-After", 1),
        1 => Reply::new(429, ""),
        _ => Reply::new(200, export_json()),
    });
    let began = std::time::Instant::now();
    assert_eq!(api.client().export(id()).await.unwrap().id, id());
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After was not kept");
    assert_eq!(api.requests().len(), 3);
}

#[tokio::test]
async fn client_waits_for_a_full_queue_and_reports() {
    let full = r#"{"title":"Too many exports","status":429,"detail":"4 may be active"}"#;
    // More often than the maximum number of tries; and with a call that is not retried otherwise, since 429 had no
    // effect.
    let api = Server::start(move |n, _| match n {
        0..5 => Reply::new(429, full).header("Retry-After", 0),
        5 => Reply::new(429, full).header("Retry-After", 1),
        _ => Reply::new(202, export_json()),
    });
    let reported = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&reported);
    let client =
        api.client().with_notice(move |why, wait| heard.lock().unwrap().push((why.to_owned(), wait)));
    let began = std::time::Instant::now();
    assert_eq!(client.retry(id()).await.unwrap().id, id());
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After was not kept");
    let reported = reported.lock().unwrap().clone();
    assert_eq!(
        (reported.len(), reported[5].clone()),
        (6, ("4 may be active".to_owned(), Duration::from_secs(1)))
    );

    let for_hours = Server::start(move |_, _| Reply::new(429, full).header("Retry-After", 3600));
    let error = for_hours.client().retry(id()).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.is_refusal()), ("4 may be active (429)", false));
    assert_eq!(for_hours.requests().len(), 1, "beyond its patience it does not wait");
}

#[tokio::test]
async fn tries_are_bounded() {
    let api =
        Server::start(|_, _| Reply::new(503, r#"{"title":"Unavailable","status":503,"detail":"busy"}"#));
    let error = api.client().export(id()).await.unwrap_err();
    assert_eq!(error.to_string(), "busy (503)");
    assert!(!error.is_refusal());
    assert_eq!(api.requests().len(), 3);
    let patient = Server::start(|_, _| Reply::new(503, "").header("Retry-After", 3600));
    assert!(patient.client().export(id()).await.is_err());
    assert_eq!(patient.requests().len(), 1, "an hour is not waited for");
}

#[tokio::test]
async fn a_submission_is_repeated_with_the_same_key_and_body() {
    let api = Server::start(|n, _| match n {
        0 => Reply::new(202, export_json()).cut(5),
        _ => Reply::new(202, export_json()).header("Idempotent-Replayed", "true"),
    });
    let submitted = api.client().submit(&json!({"datasets": "*"}), "key-1").await.unwrap();
    assert!(submitted.replayed);
    let requests = api.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert_eq!(request.line, "POST /api/v1/exports");
        assert_eq!(request.header("idempotency-key"), Some("key-1"));
        assert_eq!(request.body, r#"{"datasets":"*"}"#);
    }
}

#[tokio::test]
async fn unsafe_requests_are_sent_once() {
    let api = Server::start(|_, _| Reply::new(503, ""));
    assert!(api.client().retry(id()).await.is_err());
    assert!(api.client().delete(id()).await.is_err());
    assert_eq!(api.requests().len(), 2);
}

#[tokio::test]
async fn refusals_list_every_violation() {
    let problem = json!({"type": "about:blank", "title": "Bad", "status": 422, "detail": "1 violation",
        "violations": [{"pointer": "/endDate", "message": "no such day", "remedy": "write a real day"}]});
    let api = Server::start(move |_, _| {
        Reply::new(422, problem.to_string()).header("Content-Type", "application/problem+json")
    });
    let error = api.client().submit(&json!({}), "k").await.unwrap_err();
    assert_eq!(error.to_string(), "1 violation (422)\n  /endDate: no such day\n    write a real day");
    assert!(error.is_refusal());
    let gateway = Server::start(|_, _| Reply::new(403, r#"{"message":"Forbidden"}"#));
    let error = gateway.client().datasets().await.unwrap_err();
    assert_eq!(error.to_string(), "the API returned 403: Forbidden");
}

/// The connection is cut after the first DELETE, and the second one finds the export in `status`.
fn cut_cancel(status: &'static str) -> Server {
    const ENDED: &str =
        r#"{"title": "Export state does not allow this", "status": 409, "detail": "it has ended"}"#;
    Server::start(move |n, request| match (n, request.line.starts_with("GET ")) {
        (0, _) => Reply::new(202, export_json()).cut(5),
        (_, true) => Reply::new(200, export_json().replace("queued", status)),
        (_, false) => Reply::new(409, ENDED),
    })
}

#[tokio::test]
async fn cancel_may_be_repeated_and_never_deletes() {
    let api = cut_cancel("canceled");
    assert_eq!(api.client().cancel(id()).await.unwrap().status, ExportStatus::Canceled);
    let lines: Vec<_> = api.requests().iter().map(|request| request.line.clone()).collect();
    let path = format!("/api/v1/exports/{}", id());
    let cancel = format!("DELETE {path}?if=live");
    assert_eq!(lines, [cancel.clone(), cancel, format!("GET {path}")]);
    let ended = cut_cancel("succeeded").client().cancel(id()).await.unwrap_err();
    assert_eq!(ended.status(), Some(409));
}

#[tokio::test]
async fn list_is_filtered_by_the_api() {
    let api = Server::start(|_, _| Reply::new(200, r#"{"exports": []}"#));
    let filter = ExportFilter {
        status: Some(ExportStatus::Failed),
        dataset: Some("orders".into()),
        label: Some("a b".into()),
        label_contains: Some("a".into()),
        labels: [("team".to_owned(), "x".to_owned()), ("env".to_owned(), "y".to_owned())].into(),
        accepted_from: Some("2024-01-31".into()),
        accepted_before: None,
    };
    api.client().exports(&filter, Some("c")).await.unwrap();
    assert_eq!(
        api.requests()[0].line,
        "GET /api/v1/exports?status=failed&dataset=orders&label=a+b&labelContains=a&labels=env%3Ay%2Cteam%3Ax&acceptedFrom=2024-01-31&cursor=c"
    );
}

#[tokio::test]
async fn errors_do_not_contain_the_link() {
    let api = Server::start(|_, _| Reply::new(307, "").header("Location", "http://127.0.0.1:1/o?sig=secret"));
    let error = api.client().manifest(id()).await.unwrap_err();
    let text = format!("{error:?} {}", crate::error::with_causes(&error));
    assert!(!text.contains("secret"), "{text}");
}
