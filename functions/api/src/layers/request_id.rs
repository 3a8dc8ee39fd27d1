//! Id of a request: in the header `X-Request-Id` of every response, in every problem, and in the log.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use export::id::hex;
use http::{HeaderName, HeaderValue};
use ports::random;

/// Header with the id.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Id of one request. In Lambda it is the id of the invocation, by which all its log lines are found.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Gives the request its id. One that a client sends is not used: the client could repeat it.
pub(crate) async fn request_id(mut request: Request, next: Next) -> Response {
    let invocation = request.extensions().get::<lambda_http::Context>();
    let id = invocation
        .map(|context| context.request_id.clone())
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| hex(&random::bytes::<16>()));
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
