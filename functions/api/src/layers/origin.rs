//! Requests that did not come through CloudFront. They have evaded the web ACL in front of CloudFront, and get 403.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::authenticate::refused;
use super::log::Requester;
use crate::context::Context;
use crate::error::ApiError;

/// Header that CloudFront adds. One that a client sends to CloudFront is replaced.
const HEADER: &str = "x-sluice-origin";

/// Returns 403 for a request without CloudFront's header, if the deployment has one. This includes `/health`, because
/// every other response would show the way around the web ACL. The header is removed, so nothing behind can log it.
pub(crate) async fn origin(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let sent = request.headers_mut().remove(HEADER);
    let Some(origin) = &context.origin else { return next.run(request).await };
    let checked = match &sent {
        Some(value) => origin.check(value.as_bytes()).await,
        None => Err(ApiError::not_through_cdn()),
    };
    match checked {
        Ok(()) => {
            Requester::came_through_cdn(&request);
            next.run(request).await
        }
        Err(error) => {
            refused("nobody", &error);
            error.into_response()
        }
    }
}
