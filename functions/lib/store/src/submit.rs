//! Submission of a checked request: the same for requests of clients and for runs of saved exports.

use export::id::{ExportId, TenantId};
use export::plan::Reuse;
use export::request::Request;
use ports::random;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::accept::{AcceptError, Accepted, NewExport, PlanLimits};
use super::catalog::Applied;
use super::connection::Store;
use super::idempotency::Idempotency;

/// Everything about a submission but the request itself.
#[derive(Clone, Copy, Debug)]
pub struct Submission<'a> {
    /// Tenant for which the export is created.
    pub tenant: &'a TenantId,
    /// Idempotency key, and the SHA-256 of the body as it was sent ([`sent_sha256`]).
    pub idempotency: Option<(&'a str, [u8; 32])>,
    /// Reuse that is allowed.
    pub reuse: Reuse,
    /// Limits of the plan.
    pub limits: PlanLimits,
    /// Seconds after which the export ends, whatever its state.
    pub deadline_secs: u32,
    /// Header `traceparent` of the request.
    pub traceparent: Option<&'a str>,
}

/// Returns the SHA-256 of a body, and of the dataset in the path of the short form. serde_json sorts the keys of objects, so
/// their order does not matter.
pub fn sent_sha256(dataset: Option<&str>, body: &Value) -> [u8; 32] {
    let name = dataset.map(str::to_ascii_lowercase);
    Sha256::digest(json!([name, body]).to_string()).into()
}

impl Store {
    /// Accepts a request that was resolved against a catalog. The caller dispatches afterwards.
    ///
    /// # Errors
    /// As [`Store::accept`].
    pub async fn submit(
        &self,
        request: Request,
        applied: &Applied,
        submission: &Submission<'_>,
    ) -> Result<Accepted, AcceptError> {
        let body_sha256 = request.body_sha256;
        let idempotency =
            |(key, sent_sha256): (&str, _)| Idempotency { key: key.to_owned(), body_sha256, sent_sha256 };
        let new = NewExport {
            id: ExportId::from_random(random::bytes()),
            tenant: submission.tenant.clone(),
            request: request.canonical,
            revision_id: applied.revision_id.clone(),
            targets: request.targets,
            reuse: submission.reuse,
            idempotency: submission.idempotency.map(idempotency),
            limits: submission.limits,
            deadline_secs: submission.deadline_secs,
            traceparent: submission.traceparent.map(str::to_owned),
        };
        self.accept(&new).await
    }
}
