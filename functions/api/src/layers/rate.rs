//! Rate limit per tenant, and the headers that report it (`RateLimit`, `RateLimit-Policy`).

use std::time::Instant;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use export::id::TenantId;
use http::{HeaderName, HeaderValue};

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::rate_limit::{BURST_SECS, RateLimits};

/// Returns 429 if the tenant makes too many requests. Requests that need no key are not counted.
pub(crate) async fn rate(State(context): State<Context>, request: Request, next: Next) -> Response {
    let Some(tenant) = request.extensions().get::<Caller>().map(|caller| caller.tenant.clone()) else {
        return next.run(request).await;
    };
    let rates = &context.rates;
    let mut response = match rates.take(&tenant, Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(secs) => ApiError::too_many_requests(rates.per_second, secs).into_response(),
    };
    report(&mut response, rates, &tenant);
    response
}

/// Adds the headers: the quota and its window in seconds, and what is left of it now.
fn report(response: &mut Response, rates: &RateLimits, tenant: &TenantId) {
    let Some((left, full_in_secs)) = rates.left(tenant, Instant::now()) else { return };
    let quota = u64::from(rates.per_second) * BURST_SECS as u64;
    let fields = [
        ("ratelimit-policy", format!("\"tenant\";q={quota};w={}", BURST_SECS as u64)),
        ("ratelimit", format!("\"tenant\";r={left};t={full_in_secs}")),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
}
