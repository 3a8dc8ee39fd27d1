//! Refusals: every error of the api, as the status it becomes. Their bodies are written in one place,
//! `layers::problems`.

use axum::response::{IntoResponse, Response};
use export::catalog::Revision;
use export::near::near;
use export::problem::Violation;
use export::wire::Problem;
use http::{HeaderValue, StatusCode, header};
use ports::store::{AcceptError, Full, Kept, StoreError};

/// Seconds after which a busy store is worth another try.
const BUSY_RETRY_SECS: u32 = 5;

/// Seconds after which one of many exports may have ended.
const FULL_RETRY_SECS: u32 = 30;

/// Seconds after which one of very many exports may have gone.
const KEPT_RETRY_SECS: u32 = 300;

/// An answer that is not what was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Last part of the problem's type; `None` where the status says it all.
    pub(crate) kind: Option<&'static str>,
    pub(crate) detail: String,
    pub(crate) violations: Vec<Violation>,
    pub(crate) retry_after_secs: Option<u32>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, kind: None, detail: detail.into(), violations: Vec::new(), retry_after_secs: None }
    }

    fn of_kind(self, kind: &'static str) -> Self {
        Self { kind: Some(kind), ..self }
    }

    fn after(self, secs: u32) -> Self {
        Self { retry_after_secs: Some(secs), ..self }
    }

    /// 401. It does not say what is wrong with the key.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "send a valid key: Authorization: Bearer slc_…")
    }

    /// 401 where tokens are asked for: none came through the authorizer, or it has no end.
    pub(crate) fn no_token() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "send a valid token: Authorization: Bearer …, with an expiry")
    }

    /// 403: the token was verified and does not say what this deployment needs to know.
    pub(crate) fn no_claim(name: &str) -> Self {
        let detail = format!("the token has no claim {name}, which this deployment needs; ask who issues it");
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("token-claim")
    }

    /// 403: the claim is there and cannot be used.
    pub(crate) fn bad_claim(name: &str, why: impl std::fmt::Display) -> Self {
        let detail = format!("the token's claim {name} cannot be used: {why}; ask who issues it");
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("token-claim")
    }

    /// 403: the key or token may only look. It does not depend on what is asked for.
    pub(crate) fn read_only() -> Self {
        let detail = "this key or token may read only; use one that may create and change exports";
        Self::new(StatusCode::FORBIDDEN, detail).of_kind("read-only")
    }

    /// 404 for paths: the same for one that no route has and for the name of a dataset that does not exist for the caller.
    pub(crate) fn no_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing at this path")
    }

    /// 405.
    pub(crate) fn no_method() -> Self {
        let detail = "this path has other methods; the Allow header lists them";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, detail)
    }

    /// 404 for exports: the same whether it never was, is another tenant's, or its id is malformed.
    pub(crate) fn no_export() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such export, or it is no longer kept")
    }

    /// 404 for datasets; names of the catalog are known to all tenants.
    pub(crate) fn no_dataset(name: &str, revision: &Revision) -> Self {
        let names = near(name, revision.datasets.keys().map(String::as_str));
        let hint = match names[..] {
            [] => "GET /api/v1/datasets lists them".to_owned(),
            _ => format!("did you mean {}?", names.join(", ")),
        };
        Self::not_found(format!("there is no dataset of this name; {hint}"))
    }

    /// 404
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 400 for headers and query parameters.
    pub(crate) fn bad_request(violations: Vec<Violation>) -> Self {
        let detail = format!("{} of the headers or query parameters cannot be used", violations.len());
        Self { violations, ..Self::new(StatusCode::BAD_REQUEST, detail).of_kind("invalid-parameters") }
    }

    /// 422 for a body that is JSON but no request.
    pub(crate) fn invalid(violations: Vec<Violation>) -> Self {
        let detail = match violations.len() {
            1 => "one thing in the request must be corrected".to_owned(),
            many => format!("{many} things in the request must be corrected"),
        };
        Self { violations, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail).of_kind("invalid-request") }
    }

    /// 409: asked too early.
    pub(crate) fn not_yet(detail: impl Into<String>, retry_after_secs: u32) -> Self {
        Self::new(StatusCode::CONFLICT, detail).of_kind("not-yet").after(retry_after_secs)
    }

    /// 409: the state forbids it.
    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail).of_kind("wrong-state")
    }

    /// 410: the operator invalidated it.
    pub(crate) fn gone(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::GONE, detail).of_kind("invalidated")
    }

    /// 429: the tenant asks too often.
    pub(crate) fn too_many_requests(per_second: u32, retry_after_secs: u32) -> Self {
        let detail = format!(
            "more than {per_second} requests a second of this tenant (TenantRequestsPerSecond); wait as long as Retry-After says"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-requests").after(retry_after_secs)
    }

    /// 429: keys that nobody has are sent too often. It does not say whether this one is right.
    pub(crate) fn too_many_wrong_keys(retry_after_secs: u32) -> Self {
        let detail = "too many keys were sent that are not valid; wait as long as Retry-After says";
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-requests").after(retry_after_secs)
    }

    /// 429: the tenant has as many live exports as it may.
    pub(crate) fn full(full: Full) -> Self {
        let detail = format!(
            "{full} (MaxActiveExports, MaxQueuedExports); send this again when one of them has ended, or cancel one"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-many-exports").after(FULL_RETRY_SECS)
    }

    /// 429: the tenant keeps as many exports, or as large ones, as it may.
    pub(crate) fn kept(kept: Kept) -> Self {
        let parameter = match kept {
            Kept::Exports(_) => "MaxKeptExports",
            Kept::Chunks(_) => "MaxKeptChunks",
            Kept::Megabytes(_) => "MaxKeptRequestMegabytes",
        };
        let detail = format!(
            "{kept} ({parameter}); delete exports that are no longer needed: DELETE /api/v1/exports/ID cancels a live one and removes an ended one"
        );
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).of_kind("too-much-kept").after(KEPT_RETRY_SECS)
    }

    /// Whether the request itself was found wanting, as against the store, which may be asked again.
    pub(crate) fn is_about_the_request(&self) -> bool {
        self.status.is_client_error() || self.kind == Some("no-catalog")
    }

    /// 503: the operator has not applied a catalog.
    pub(crate) fn no_catalog() -> Self {
        let detail = "no catalog has been applied yet; the operator runs `sluice admin catalog apply`";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("no-catalog").after(30)
    }

    /// 503: catalogs are being applied faster than the request is read.
    pub(crate) fn catalog_changed() -> Self {
        let detail = "another catalog was applied at this moment; try again shortly";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, detail).of_kind("busy").after(BUSY_RETRY_SECS)
    }

    /// 500. The cause was logged; the caller learns nothing of it.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the request failed on our side and was logged")
    }

    /// Logs the cause and hides it.
    pub(crate) fn hide(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "request failed");
        Self::internal()
    }

    /// The body of the problem, for the path `instance`.
    pub(crate) fn problem(&self, instance: &str) -> Problem {
        let reason = self.status.canonical_reason().unwrap_or("Error");
        Problem {
            type_uri: self
                .kind
                .map_or_else(|| "about:blank".to_owned(), |k| format!("urn:sluice:problem:{k}")),
            title: self.kind.map_or_else(|| reason.to_owned(), |k| k.replace('-', " ")),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: Some(instance.to_owned()),
            violations: self.violations.clone(),
        }
    }
}

impl IntoResponse for Refusal {
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

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy(_) | StoreError::Conflict(_) => {
                tracing::warn!(error = ports::telemetry::chain(&error), "the store is busy");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store is busy; try again shortly")
                    .of_kind("busy")
                    .after(BUSY_RETRY_SECS)
            }
            StoreError::Taken(_) => {
                let detail = "other requests of this tenant are still being decided; send fewer at a time, and this one again after Retry-After";
                Self::new(StatusCode::TOO_MANY_REQUESTS, detail)
                    .of_kind("too-many-requests")
                    .after(BUSY_RETRY_SECS)
            }
            other => Self::hide(&other),
        }
    }
}

impl From<AcceptError> for Refusal {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::KeyReused => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this Idempotency-Key came before with another request; use a new key for a new request",
            )
            .of_kind("idempotency-key-reused"),
            AcceptError::TooManyChunks(too_many) => {
                let remedy = too_many.remedy();
                Self::invalid(vec![Violation::new("", too_many.to_string(), remedy)])
            }
            AcceptError::Full(full) => Self::full(full),
            AcceptError::Kept(kept) => Self::kept(kept),
            AcceptError::CatalogChanged => Self::catalog_changed(),
            AcceptError::Store(error) => error.into(),
        }
    }
}
