//! The request line: one per request, with who made it.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use export::id::TenantId;

use crate::context::Context;

/// Characters of a path, and of a token's subject, that are logged.
const LONGEST: usize = 200;

/// Who made the request: filled in where that becomes known, read when the request is logged. It goes with the request, so
/// neither a panic nor a response that is replaced loses it.
#[derive(Clone, Debug, Default)]
pub(super) struct Requester(Arc<OnceLock<(Option<TenantId>, String)>>);

impl Requester {
    /// Notes the key or token, and its tenant where it was let in.
    pub(super) fn note(request: &Request, tenant: Option<&TenantId>, by: &str) {
        if let Some(requester) = request.extensions().get::<Self>() {
            // The first word counts, and there is only one.
            let _ = requester.0.set((tenant.cloned(), by.to_owned()));
        }
    }
}

/// Logs each request once, with its path but not its query, and now and then what the caches had.
pub(crate) async fn log(State(context): State<Context>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    // A caller may have written anything; the paths of this api are short.
    let path: String = request.uri().path().chars().take(LONGEST).collect();
    let requester = Requester::default();
    request.extensions_mut().insert(requester.clone());
    let start = Instant::now();
    let response = next.run(request).await;
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    let (tenant, by) = match requester.0.get() {
        Some((tenant, by)) => (tenant.as_ref().map(TenantId::as_str), by.as_str()),
        None => (None, "nobody"),
    };
    let by: String = by.chars().take(LONGEST).collect();
    tracing::info!(%method, path, status = response.status().as_u16(), duration_ms, tenant, by, "request");
    context.report.look(context.shared.through.cache());
    response
}
