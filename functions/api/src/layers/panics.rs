//! Recovery from panics: a panic ends one request, not the process.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::refusal::Refusal;

/// Returns 500 in place of a panic. The panic hook logs its location.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    // State of the request is dropped with it, and the caches recover from a poisoned lock.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request panicked");
            Refusal::internal().into_response()
        }
    }
}
