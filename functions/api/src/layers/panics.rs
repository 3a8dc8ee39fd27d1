//! A panic ends one request, not the process.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use crate::refusal::Refusal;

/// Answers 500 in place of a panic. Where it happened is logged by the panic hook.
pub(crate) async fn panics(request: Request, next: Next) -> Response {
    // What a request holds is dropped with it; the caches recover from a poisoned lock.
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request panicked");
            Refusal::internal().into_response()
        }
    }
}
