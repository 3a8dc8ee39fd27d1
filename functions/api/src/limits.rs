//! `GET /limits`: limits of the tenant, and what the caller may do.

use axum::extract::State;
use axum::response::Response;
use export::manifest::rfc3339;
use export::wire::TenantLimits;
use http::{StatusCode, Uri};

use crate::caller::Caller;
use crate::context::Context;
use crate::error::ApiError;
use crate::query::Params;
use crate::response;

pub(crate) async fn limits(
    State(context): State<Context>,
    caller: Caller,
    uri: Uri,
) -> Result<Response, ApiError> {
    Params::read(&uri, &[]).check()?;
    let stored = context.store.limits(&caller.tenant).await?;
    let settings = &context.settings;
    // Zero is no limit.
    let limited = |most: u64| (most > 0).then_some(most);
    let number = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
    let limits = TenantLimits {
        read_only: !caller.access().writes,
        active_exports: stored.active,
        queued_exports: stored.queued,
        kept_exports: stored.kept_exports,
        kept_chunks: stored.kept_chunks,
        kept_request_bytes: stored.kept_bytes,
        chunks_per_minute: limited(stored.chunks_per_minute),
        requests_per_second: limited(settings.tenant_requests_per_second.into()),
        rows_per_day: stored.rows,
        megabytes_per_day: stored.megabytes,
        database_seconds_per_day: stored.database_seconds,
        day_ends_at: rfc3339(stored.day_ends_micros),
        datasets_per_export: number(settings.limits.datasets),
        chunks_per_export: number(settings.max_chunks),
        deadline_seconds: settings.deadline_secs.into(),
        retention_seconds: stored.retention_secs,
        link_seconds: settings.link_secs.into(),
    };
    response::json(StatusCode::OK, &limits)
}
