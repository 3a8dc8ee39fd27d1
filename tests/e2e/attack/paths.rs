//! Paths and headers that no client library would send, written directly to a socket. All of them lead to an error
//! response, and none injects a header into a response.

use tests::{EVENT_TIMEOUT, System};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::finished;

/// Sends a request as it is. Returns the status (0 if the connection was closed) and the whole response.
async fn send(request: &[u8]) -> (u16, String) {
    let system = System::get().await;
    let host = system.stack.aws_endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    // A server may close the connection before it has read everything.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(EVENT_TIMEOUT, stream.read_to_end(&mut answer))
        .await
        .expect("an answer, or a closed door");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, text)
}

/// Returns the address of the api on the emulator, without the host.
fn base(system: &System) -> String {
    let url = system.stack.url.trim_end_matches('/').trim_end_matches("/api/v1");
    url.trim_start_matches(&system.stack.aws_endpoint).to_owned()
}

async fn get(path: &str, headers: &str) -> (u16, String) {
    let system = System::get().await;
    let (base, key) = (base(system), &system.stack.key);
    let request = format!(
        "GET {base}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n{headers}\r\n"
    );
    send(request.as_bytes()).await
}

#[tokio::test]
async fn path_traversal_is_refused() {
    let (id, file) = finished(System::get().await).await;
    for path in [
        "/api/v1/exports/../../../../etc/passwd".to_owned(),
        "/api/v1/exports/..%2f..%2fdatasets".to_owned(),
        "/api/v1/exports/%2e%2e/%2e%2e/health".to_owned(),
        format!("/api/v1/exports/{id}/files/../../../{id}/manifest"),
        format!("/api/v1/exports/{id}/files/..%2f..%2f..%2ft%2fother"),
        format!("/api/v1/exports/{id}/files/%2e%2e%2f{file}"),
        format!("/api/v1/exports/{id}/files/{file}%00.csv"),
        format!("/api/v1/exports/{id}/files//{file}"),
        format!("/api/v1/exports//{id}"),
        format!("/api/v1/exports/{id};x=y"),
        format!("/api/v1/exports/%7b{id}%7d"),
        "/api/v1/exports/%c0%ae%c0%ae".to_owned(),
        "/api/v1/exports/%ff%fe".to_owned(),
        "/api/v1/EXPORTS".to_owned(),
        "/api/v1/admin".to_owned(),
        "/api/v1/health/../datasets/x".to_owned(),
        format!("/api/v1/{}", "a".repeat(6000)),
    ] {
        let (status, text) = get(&path, "").await;
        assert!([400, 404, 405, 414].contains(&status), "{path}: {status} {text}");
        assert!(!text.contains("X-Amz-Signature") && !text.contains("root:"), "{path}: {text}");
    }
}

#[tokio::test]
async fn health_is_the_only_path_without_a_key() {
    let system = System::get().await;
    let base = base(system);
    for path in [
        "/api/v1/health/../exports",
        "/api/v1/health%2f..%2fexports",
        "/api/v1/health;/exports",
        "/api/v1//health",
        "/api/v1/%68ealth/x",
        "/api/v1/exports?/api/v1/health",
        "/api/v1/exports#/api/v1/health",
    ] {
        let request = format!("GET {base}{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (status, text) = send(request.as_bytes()).await;
        assert!([400, 401, 404].contains(&status), "{path}: {status} {text}");
    }
}

#[tokio::test]
async fn repeated_malformed_or_huge_headers_are_refused() {
    let system = System::get().await;
    let (base, key) = (base(system), &system.stack.key);
    let start = format!("GET {base}/api/v1/exports?limit=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let wrong = "slc_0123456789abcdef_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    for headers in [
        // A gateway joins repeated headers with a comma. Neither value is accepted.
        format!("Authorization: Bearer {key}\r\nAuthorization: Bearer {wrong}\r\n"),
        format!("Authorization: Bearer {wrong}\r\nAuthorization: Bearer {key}\r\n"),
        format!("Authorization: Bearer {key}, Bearer {key}\r\n"),
        format!("Authorization: Basic {key}\r\n"),
        format!("Authorization: Bearer {key}\x0b\r\n"),
        format!("Authorization: Bearer {}\r\n", "a".repeat(9000)),
        format!("X-Authorization: Bearer {key}\r\n"),
        format!("Cookie: Authorization=Bearer {key}\r\n"),
    ] {
        let (status, text) = send(format!("{start}{headers}\r\n").as_bytes()).await;
        assert!([0, 400, 401, 431].contains(&status), "{headers}: {status} {text}");
    }
    let padded = format!("{start}Authorization: Bearer {key}\r\nX-Padding: {}\r\n\r\n", "a".repeat(100_000));
    let (status, text) = send(padded.as_bytes()).await;
    assert!([0, 400, 413, 431].contains(&status), "{status} {text}");
}

#[tokio::test]
async fn request_text_cannot_inject_headers() {
    let (id, file) = finished(System::get().await).await;
    let injected = "x%0d%0aSet-Cookie:%20a=b%0d%0a%0d%0a<script>";
    for path in [
        format!("/api/v1/{injected}"),
        format!("/api/v1/datasets/{injected}"),
        format!("/api/v1/exports/{injected}"),
        format!("/api/v1/exports/{id}/files/{injected}"),
        format!("/api/v1/exports/{id}/files/{file}{injected}"),
        format!("/api/v1/exports?cursor={injected}"),
        format!("/api/v1/exports?{injected}=1"),
    ] {
        let (status, text) = get(&path, "Idempotency-Key: a\r\n").await;
        assert!([400, 404, 405].contains(&status), "{path}: {status} {text}");
        let head = text.split("\r\n\r\n").next().unwrap().to_ascii_lowercase();
        assert!(!head.contains("set-cookie"), "{path}: {head}");
        // A path with a line break matches no route, so the gateway itself responds.
        let ours =
            head.contains("application/problem+json") && head.contains("x-content-type-options: nosniff");
        assert!(ours || (status == 404 && !path.contains('?')), "{path}: {head}");
    }
    // The name of a file comes from the store, never from the path.
    let (status, text) = get(&format!("/api/v1/exports/{id}/files/{file}"), "").await;
    assert_eq!(status, 307);
    assert!(text.contains(&format!("filename%3D%22{file}%22")), "{text}");
}

#[tokio::test]
async fn large_or_deep_json_is_refused_before_parsing() {
    let system = System::get().await;
    let key = Some(system.stack.key.as_str());
    let json = [("content-type", "application/json")];
    let deep =
        |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for (body, wanted) in [
        (deep("[", "]", 129), 400),
        (deep("[", "]", 200_000), 400),
        (deep("{\"a\":", "}", 100_000), 400),
        (format!("{{\"datasets\":{}}}", deep("[", "]", 100)), 422),
        (format!("{{\"a\":\"{}\"}}", "\\u0000".repeat(100_000)), 422),
        (format!("{{\"datasets\":[{}\"a\"]}}", "\"a\",".repeat(200_000)), 422),
        (format!("{{\"startDate\":{}}}", "9".repeat(500_000)), 400),
        (format!("{}{{}}", " ".repeat(1 << 20)), 413),
        (format!("{{\"a\":\"{}\"}}", "x".repeat(5 << 20)), 413),
    ] {
        for path in ["/exports", "/exports?dryRun=true", "/whole"] {
            let answer = crate::api::call(reqwest::Method::POST, path, key, &json, Some(&body)).await;
            // A number too large for JSON parsers may also be rejected as an invalid value.
            let status = answer.status.as_u16();
            assert!(
                status == wanted || (wanted == 400 && status == 422),
                "{path} {}…: {status}",
                &body[..40]
            );
            assert!(answer.body.to_string().len() < 200_000, "a refusal is short");
        }
    }
}
