//! Conversion of HTTP API events to requests. `lambda_http` panics on a query or a host that is not valid in a URI. A
//! panic there ends the process, so any client could end one process after another.

use http::header;
use lambda_http::lambda_runtime::{self, service_fn};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Error, LambdaEvent, Service};
use ports::telemetry::invocation;
use tracing::Instrument;

use crate::context::Context;
use crate::routes::service;

/// Handles events until the process ends.
///
/// # Errors
/// If the Lambda runtime cannot be reached.
pub async fn run(context: Context) -> Result<(), Error> {
    let store = context.store.clone();
    let mut adapter = Adapter::from(service(context));
    let answer = move |event: LambdaEvent<LambdaRequest>| {
        let span = invocation(&event.context.request_id, event.context.xray_trace_id.as_deref());
        // The call starts work immediately, so it must be inside the span too.
        let answer = span.in_scope(|| adapter.call(LambdaEvent { payload: fit(event.payload), ..event }));
        let store = store.clone();
        async move {
            let answer = answer.await;
            // Before the response is returned, because Lambda freezes the environment then.
            store.release().await;
            answer
        }
        .instrument(span)
    };
    lambda_runtime::run(service_fn(answer)).await
}

/// Encodes characters that are not allowed in a query, and removes the host header. No response of the api contains
/// the host.
fn fit(mut event: LambdaRequest) -> LambdaRequest {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event {
        request.raw_query_string = request.raw_query_string.take().map(|query| encoded(&query));
        request.headers.remove(header::HOST);
        request.request_context.domain_name = None;
    }
    event
}

fn encoded(query: &str) -> String {
    let mut fit = String::with_capacity(query.len());
    for byte in query.bytes() {
        if byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte) {
            fit.push(char::from(byte));
        } else {
            fit.push_str(&format!("%{byte:02X}"));
        }
    }
    fit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(path: &str, query: &str, host: &str) -> lambda_http::Request {
        let event = json!({
            "version": "2.0", "routeKey": "ANY /api/v1/{proxy+}", "rawPath": path, "rawQueryString": query,
            "headers": {"host": host, "authorization": "Bearer x"}, "isBase64Encoded": false,
            "requestContext": {
                "stage": "$default", "domainName": host, "apiId": "a",
                "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1"},
            },
        });
        fit(serde_json::from_str(&event.to_string()).unwrap()).into()
    }

    #[test]
    fn malformed_queries_are_encoded() {
        for query in ["a=<script>", "a=\"", "a=x\r\nb", "a=\u{0}", "é=ü", "a=%zz", "a={|}^`\\", "a= b", "#"]
        {
            let request = request("/api/v1/exports", query, "localhost");
            assert_eq!(request.uri().path(), "/api/v1/exports", "{query:?}");
            assert!(request.uri().query().is_some(), "{query:?}");
        }
        assert_eq!(request("/x", "limit=5&cursor=c%201", "h").uri().query(), Some("limit=5&cursor=c%201"));
    }

    #[test]
    fn malformed_hosts_and_paths_are_handled() {
        for host in ["[", "a b", "x:99999999", "%", "evil.example", ""] {
            assert_eq!(request("/api/v1/exports", "", host).uri().to_string(), "/api/v1/exports", "{host:?}");
        }
        for path in
            ["", "//", "/\u{0}", "/a b", "/<x>", "/é", "/%", "/%ff", "/[", "/|^`{}\\", "/..", "/@x:99999999"]
        {
            request(path, "", "localhost");
        }
    }
}
