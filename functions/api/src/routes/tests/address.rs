//! Address of the client in the request log.

use std::io::{self, Write};
use std::sync::Mutex;

use lambda_http::request::RequestContext;
use ports::secret::MemorySecret;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::origin::{HEADER, behind_cdn};
use super::*;

const EDGE: &str = "130.176.0.1";
const FORWARDED: &str = "203.0.113.9, 192.0.2.7, 130.176.0.1";

/// Lines of the log, which a test reads.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Returns the field `ip` of the request's line.
async fn logged(api: Router, value: Option<&str>, forwarded: Option<&str>) -> Value {
    let mut request = request(&Method::GET, "/health");
    let context = json!({"http": {"method": "GET", "sourceIp": EDGE}});
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(serde_json::from_value(context).unwrap()));
    let sent = [(HEADER, value), ("x-forwarded-for", forwarded)];
    for (name, value) in sent.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let lines = Lines::default();
    let writing = tracing_subscriber::fmt().json().with_writer(lines.clone()).finish();
    let guard = tracing::subscriber::set_default(writing);
    api.oneshot(request).await.unwrap();
    drop(guard);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["fields"].clone());
    all.into_iter().find(|fields| fields["message"] == "request").unwrap()["ip"].clone()
}

fn with_secret() -> Router {
    let secret = MemorySecret::default();
    secret.put("right");
    behind_cdn(secret)
}

#[tokio::test]
async fn a_request_through_cloudfront_has_the_address_of_its_viewer() {
    assert_eq!(logged(with_secret(), Some("right"), Some(FORWARDED)).await, "192.0.2.7");
    assert_eq!(logged(with_secret(), Some("right"), None).await, EDGE);
}

#[tokio::test]
async fn a_forged_header_changes_nothing() {
    for value in [None, Some("wrong")] {
        assert_eq!(logged(with_secret(), value, Some(FORWARDED)).await, EDGE, "{value:?}");
    }
    // Without a secret CloudFront proves nothing.
    assert_eq!(logged(unreachable(), Some("right"), Some(FORWARDED)).await, EDGE);
}
