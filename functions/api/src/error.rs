//! Error responses: every error of the api with its status. Their bodies are written in one place,
//! `layers::problems`.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use export::catalog::Revision;
use export::near::near;
use export::problem::Violation;
use export::wire::{BASE_PATH, Problem};
use http::{HeaderValue, StatusCode, header};
use store::{AcceptError, Full, Kept, StoreError, Unpaid, UsedUp};

use crate::problem_kind::ProblemKind;

/// Seconds to wait before a retry if the store is busy.
const BUSY_RETRY_SECS: u32 = 5;

/// Seconds to wait before a retry of a request that reached its time limit.
const SLOW_RETRY_SECS: u32 = 1;

/// Seconds to wait before a retry if the tenant has too many live exports.
const FULL_RETRY_SECS: u32 = 30;

/// Seconds to wait before a retry if the tenant keeps too many exports.
const KEPT_RETRY_SECS: u32 = 300;

/// Error response.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// Last part of the problem type; `None` if the status says everything.
    pub(crate) kind: Option<&'static str>,
    pub(crate) detail: String,
    pub(crate) violations: Vec<Violation>,
    pub(crate) retry_after_secs: Option<u32>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into(), violations: Vec::new(), retry_after_secs: None }
    }

    fn of_kind(self, kind: &'static str) -> Self {
        Self { kind: Some(kind), ..self }
    }

    fn after(self, secs: u32) -> Self {
        Self { retry_after_secs: Some(secs), ..self }
    }

    /// Retry after this time, rounded up to a second.
    fn after_wait(self, wait: Duration) -> Self {
        self.after(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// 401. It does not reveal what is wrong with the key.
    pub(crate) fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "the API key is missing or not valid; send it as Authorization: Bearer slc_…",
        )
    }

    /// 401 if tokens are required: none came through the authorizer, or it has no expiry.
    pub(crate) fn no_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "the token is missing or not valid, or has no expiry; send it as Authorization: Bearer …",
        )
    }

    /// 401: the token was verified, but it is an ID token.
    pub(crate) fn id_token() -> Self {
        let detail = "this is an ID token, which is for the application where the user logged in; send the access token";
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403: the token was verified but lacks a claim that this deployment needs.
    pub(crate) fn no_claim(name: &str) -> Self {
        let detail = format!(
            "the token has no claim {name}, which this deployment requires; ask the token's issuer to add it"
        );
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("token-claim")
    }

    /// 403: the claim is present but cannot be used.
    pub(crate) fn bad_claim(name: &str, why: impl std::fmt::Display) -> Self {
        let detail =
            format!("the token's claim {name} is not valid: {why}; ask the token's issuer to correct it");
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("token-claim")
    }

    /// 403: the key or token may only read. The response does not depend on the path.
    pub(crate) fn read_only() -> Self {
        let detail = "this key or token is read-only; use one that may create and change exports";
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("read-only")
    }

    /// 403: the request did not come through CloudFront. The response does not depend on the path.
    pub(crate) fn not_through_cdn() -> Self {
        let detail = "this deployment is reached through its CloudFront domain only; use the address from its operator";
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("wrong-address")
    }

    /// 503: the header of CloudFront cannot be checked, because its secret is empty or cannot be read.
    pub(crate) fn no_origin_secret() -> Self {
        let detail = "the api cannot check that the request came through CloudFront; try again shortly";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("busy").after(BUSY_RETRY_SECS)
    }

    /// 404 for paths: the same for a path without a route and for the name of a dataset that is not visible to the
    /// caller.
    pub(crate) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no resource at this path")
    }

    /// 405: the path has other methods.
    pub(crate) fn no_method() -> Self {
        let detail = "this method is not allowed here; the Allow header lists the methods of this path";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// 404 for exports: the same if the export never existed, belongs to another tenant, or its id is malformed.
    pub(crate) fn no_export() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no export with this id, or it has been deleted")
    }

    /// 404 for datasets. The names in the catalog are known to all tenants.
    pub(crate) fn no_dataset(name: &str, revision: &Revision) -> Self {
        let names = near(name, revision.datasets.keys().map(String::as_str));
        let hint = match names[..] {
            [] => "GET /api/v1/datasets lists them".to_owned(),
            _ => format!("did you mean {}?", names.join(", ")),
        };
        Self::not_found(format!("there is no dataset with this name; {hint}"))
    }

    /// 404 with its own detail.
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 400 for headers and query parameters.
    pub(crate) fn bad_request(violations: Vec<Violation>) -> Self {
        let detail = match violations.len() {
            1 => "1 header or query parameter is not valid; see violations".to_owned(),
            many => format!("{many} headers or query parameters are not valid; see violations"),
        };
        Self { violations, ..Self::new(StatusCode::BAD_REQUEST, detail).of_kind("invalid-parameters") }
    }

    /// 422 for a body that is JSON but not a valid request.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let detail = match violations.len() {
            1 => "the request has 1 error; see violations".to_owned(),
            many => format!("the request has {many} errors; see violations"),
        };
        Self { violations, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail).of_kind("invalid-request") }
    }

    /// 404 for saved exports: the same if it never existed, or has a dataset that is not visible to the caller.
    pub(crate) fn no_saved() -> Self {
        Self::not_found("there is no saved export with this name; GET /api/v1/saved lists them")
    }

    /// The same error with violations in a part of the body.
    pub(crate) fn below(mut self, pointer: &str) -> Self {
        for violation in &mut self.violations {
            violation.pointer.insert_str(0, pointer);
        }
        self
    }

    /// 409: requested too early.
    pub(crate) fn not_yet(detail: impl Into<String>, retry_after_secs: u32) -> Self {
        Self::new(StatusCode::CONFLICT, detail).of_kind("not-yet").after(retry_after_secs)
    }

    /// 409: the state does not allow it.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail).of_kind("wrong-state")
    }

    /// 410: the operator invalidated the file.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, detail).of_kind("invalidated")
    }

    /// 429: the tenant makes too many requests.
    pub(crate) fn too_many_requests(per_second: u32, retry_after_secs: u32) -> Self {
        let detail = format!(
            "the tenant has exceeded {per_second} requests per second (TenantRequestsPerSecond); retry after the number of seconds in Retry-After"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-requests").after(retry_after_secs)
    }

    /// 429: too many unknown keys were sent. It does not reveal whether this one is valid.
    pub(crate) fn too_many_wrong_keys(retry_after_secs: u32) -> Self {
        let detail =
            "too many requests with invalid API keys; retry after the number of seconds in Retry-After";
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-requests").after(retry_after_secs)
    }

    /// 429: the tenant has reached its maximum of live exports.
    pub(crate) fn full(full: Full) -> Self {
        let detail = format!(
            "{full} (MaxActiveExports, MaxQueuedExports); retry when one of them has ended, or cancel one"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-exports").after(FULL_RETRY_SECS)
    }

    /// 429: the tenant has reached its maximum of kept exports, or of their size.
    pub(crate) fn kept(kept: Kept) -> Self {
        let parameter = match kept {
            Kept::Exports(_) => "MaxKeptExports",
            Kept::Chunks(_) => "MaxKeptChunks",
            Kept::Megabytes(_) => "MaxKeptRequestMegabytes",
        };
        let detail = format!(
            "{kept} ({parameter}); delete exports that are no longer needed: DELETE /api/v1/exports/ID?if=ended removes an ended export"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-much-kept").after(KEPT_RETRY_SECS)
    }

    /// 429: the tenant has used up its chunks of this minute.
    pub(crate) fn unpaid(unpaid: Unpaid) -> Self {
        let detail =
            format!("{unpaid} (MaxChunksPerMinute); retry after the number of seconds in Retry-After");
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-requests").after_wait(unpaid.wait)
    }

    /// 429: the tenant has used up what may be read for it today.
    pub(crate) fn used_up(used_up: &UsedUp) -> Self {
        let detail = format!(
            "{used_up}; it begins again after the number of seconds in Retry-After. Requests whose files exist already are accepted"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("daily-limit").after_wait(used_up.wait)
    }

    /// Returns true if the error is due to the request or the missing catalog, not due to a store that may be
    /// retried.
    pub(crate) fn is_about_the_request(&self) -> bool {
        self.status.is_client_error() || self.kind == Some("no-catalog")
    }

    /// 503: the operator has not applied a catalog.
    pub(crate) fn no_catalog() -> Self {
        let detail = "no catalog has been applied yet; the operator must run `sluice admin catalog apply`";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("no-catalog").after(30)
    }

    /// 503: catalogs are applied faster than the request is validated.
    pub(crate) fn catalog_changed() -> Self {
        let detail = "the catalog changed while the request was validated; try again shortly";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("busy").after(BUSY_RETRY_SECS)
    }

    /// 503: the request reached its time limit. It may have been carried out all the same.
    pub(crate) fn too_slow() -> Self {
        let detail = "the request took too long and was ended; send it again, with the same Idempotency-Key if it has one";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("busy").after(SLOW_RETRY_SECS)
    }

    /// 500. The cause was logged and is not revealed to the caller.
    pub(crate) fn internal() -> Self {
        let detail =
            "an internal error occurred and was logged; retry, and contact the operator if it persists";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// Logs the cause and returns 500.
    pub(crate) fn hide(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Self::internal()
    }

    /// Returns the problem body for the path `instance`.
    pub(crate) fn problem(&self, instance: &str, request_id: Option<String>) -> Problem {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        Problem {
            type_uri: self
                .kind
                .map_or_else(|| "about:blank".to_owned(), |kind| format!("{BASE_PATH}/problems/{kind}")),
            title: self
                .kind
                .map_or(reason, |kind| ProblemKind::find(kind).map_or(reason, |kind| kind.title))
                .to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: Some(instance.to_owned()),
            request_id,
            violations: self.violations.clone(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        let headers = response.headers_mut();
        if let Some(secs) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, secs.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"sluice\""));
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) | StoreError::Conflict(_) => {
                tracing::warn!(error = ports::telemetry::chain(&error), "the store is busy");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store is busy; try again shortly")
                    .of_kind("busy")
                    .after(BUSY_RETRY_SECS)
            }
            StoreError::Taken(_) => {
                let detail = "other requests of this tenant are still being processed; send fewer at a time, and retry after the number of seconds in Retry-After";
                Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
                    .of_kind("too-many-requests")
                    .after(BUSY_RETRY_SECS)
            }
            other => Self::hide(&other),
        }
    }
}

impl From<AcceptError> for ApiError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this Idempotency-Key was already used with a different request; use a new key for a new request",
            )
            .of_kind("idempotency-key-reused"),
            AcceptError::TooManyChunks(too_many) => {
                let remedy = too_many.remedy();
                Self::invalid(vec![Violation::new("", too_many.to_string(), remedy)])
            }
            AcceptError::Full(full) => Self::full(full),
            AcceptError::Kept(kept) => Self::kept(kept),
            AcceptError::Unpaid(unpaid) => Self::unpaid(unpaid),
            AcceptError::UsedUp(used_up) => Self::used_up(&used_up),
            AcceptError::CatalogChanged => Self::catalog_changed(),
            AcceptError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_problem_has_a_page() {
        let code = include_str!("error.rs");
        let kinds: Vec<_> =
            code.split(".of_kind(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(kinds.len() > 15, "{kinds:?}");
        for kind in kinds {
            assert!(ProblemKind::find(kind).is_some(), "{kind}");
        }
    }
}
