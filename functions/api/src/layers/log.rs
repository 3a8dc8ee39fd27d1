//! Request log: one line per request, with the caller and its address.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use export::id::TenantId;

use super::address::Addresses;
use super::request_id::RequestId;
use crate::context::Context;
use crate::trace;

/// Maximum number of characters of a path, and of a token's subject, in the log.
const MAX_CHARS: usize = 200;

/// Caller of a request. It is set once the caller is known, and read when the request is logged. It travels with the
/// request, so neither a panic nor a replaced response loses it.
#[derive(Clone, Debug, Default)]
pub(super) struct Requester(Arc<Noted>);

#[derive(Debug, Default)]
struct Noted {
    caller: OnceLock<(Option<TenantId>, String)>,
    through_cdn: AtomicBool,
}

impl Requester {
    /// Records the key or token, and the tenant if the request was authenticated.
    pub(super) fn note(request: &Request, tenant: Option<&TenantId>, by: &str) {
        if let Some(requester) = request.extensions().get::<Self>() {
            // Only the first value counts, and it is set only once.
            let _ = requester.0.caller.set((tenant.cloned(), by.to_owned()));
        }
    }

    /// Records that the request carried the secret header of CloudFront, so its other headers are CloudFront's too.
    pub(super) fn came_through_cdn(request: &Request) {
        if let Some(requester) = request.extensions().get::<Self>() {
            requester.0.through_cdn.store(true, Ordering::Relaxed);
        }
    }
}

/// Logs each request once, with its path but without its query, and periodically reports the cache counters.
pub(crate) async fn log(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // A path may contain anything a client sends; the paths of this api are short.
    let path: String = request.uri().path().chars().take(MAX_CHARS).collect();
    let addresses = Addresses::of(&request);
    let id = request.extensions().get::<RequestId>().cloned();
    let id = id.as_ref().map(|id| id.0.as_str());
    let trace = trace::of(request.headers());
    let requester = Requester::default();
    request.extensions_mut().insert(requester.clone());
    let start = Instant::now();
    let response = next.run(request).await;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (tenant, by) = match requester.0.caller.get() {
        Some((tenant, by)) => (tenant.as_ref().map(TenantId::as_str), by.as_str()),
        None => (None, "nobody"),
    };
    let by: String = by.chars().take(MAX_CHARS).collect();
    let ip = addresses.client(requester.0.through_cdn.load(Ordering::Relaxed)).map(tracing::field::display);
    let status = response.status().as_u16();
    tracing::info!(%method, path, status, duration_ms, tenant, by, ip, request_id = id, traceparent = trace, "request");
    context.report.emit_if_due(context.shared.through.cache());
    response
}
