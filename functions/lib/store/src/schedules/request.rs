//! Request of a run: checked against the catalog in force with the rights of the saved export, and submitted.

use export::access::Access;
use export::destination;
use export::id::ExportId;
use export::plan::Reuse;
use export::problem::describe;
use export::request::{Request, Scope};
use ports::fault::Point;
use serde_json::Value;

use super::super::accept::{AcceptError, Accepted};
use super::super::catalog::Applied;
use super::super::error::StoreError;
use super::super::saved::Claim;
use super::super::submit::{Submission, sent_sha256};
use super::Runner;

/// Reason why a run was not started.
pub(super) enum RunError {
    /// The request was refused; the text is for the tenant.
    Refused(String),
    /// The store failed; the run is tried again when the claim lapses.
    Store(StoreError),
}

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AcceptError> for RunError {
    fn from(error: AcceptError) -> Self {
        match error {
            AcceptError::Store(error) => Self::Store(error),
            AcceptError::TooManyChunks(too_many) => {
                Self::Refused(format!("{too_many}; {}", too_many.remedy()))
            }
            other => Self::Refused(other.to_string()),
        }
    }
}

/// Submits the body of a run. Returns its export, or that of an earlier submission with the same key.
pub(super) async fn submit(
    runner: &Runner<'_>,
    claim: &Claim,
    body: &Value,
    key: &str,
) -> Result<ExportId, RunError> {
    let store = runner.store;
    let sent = sent_sha256(None, body);
    let mut tried = 0;
    let accepted = loop {
        let error = match read_and_submit(runner, claim, body, key, sent).await {
            Ok(accepted) => break accepted,
            Err(error) => error,
        };
        match error {
            // A catalog was applied between the two reads.
            Failure::CatalogChanged if tried == 0 => tried += 1,
            Failure::CatalogChanged => return Err(AcceptError::CatalogChanged.into()),
            Failure::Run(RunError::Refused(reason)) => {
                return match store.replayed(&claim.tenant, key, &sent).await? {
                    Some(export) => Ok(export),
                    None => Err(RunError::Refused(reason)),
                };
            }
            Failure::Run(error) => return Err(error),
        }
    };
    store.faults().crash(Point::Accepted);
    if accepted.complete
        && let Err(error) = super::super::finish::run(store, runner.objects, accepted.id).await
    {
        let error = ports::telemetry::chain(&error);
        tracing::warn!(export = %accepted.id, error, "finish failed; the sweeper retries");
    }
    Ok(accepted.id)
}

enum Failure {
    CatalogChanged,
    Run(RunError),
}

impl<E: Into<RunError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Run(error.into())
    }
}

fn refused(reason: impl Into<String>) -> Failure {
    Failure::Run(RunError::Refused(reason.into()))
}

async fn read_and_submit(
    runner: &Runner<'_>,
    claim: &Claim,
    body: &Value,
    key: &str,
    sent: [u8; 32],
) -> Result<Accepted, Failure> {
    let (store, tenant) = (runner.store, &claim.tenant);
    let Some(access) = store.rights_of(claim).await?.filter(|access| access.writes) else {
        return Err(refused(format!(
            "{} was revoked or has expired; save the export again with a valid key (PUT)",
            claim.rights.by
        )));
    };
    let applied = store.applied_catalog().await?;
    let Some(applied) = applied.map(|applied| visible(applied, &access, claim)) else {
        return Err(refused(
            "no catalog has been applied yet; the operator must run `sluice admin catalog apply`",
        ));
    };
    let scope = Scope {
        revision: &applied.revision,
        estimates: &applied.estimates,
        tenant,
        source: &applied.source,
        limits: runner.terms.request,
    };
    let request = Request::parse(body, &scope).map_err(|violations| refused(describe(&violations)))?;
    if let Some(name) = destination::of(&request.canonical) {
        destination::check(&store.destinations().await?, tenant, name)
            .map_err(|violation| refused(describe(&[violation])))?;
    }
    let submission = Submission {
        tenant,
        idempotency: Some((key, sent)),
        reuse: Reuse::Settled,
        limits: runner.terms.plan,
        deadline_secs: runner.terms.deadline_secs,
        traceparent: None,
    };
    match store.submit(request, &applied, &submission).await {
        Err(AcceptError::CatalogChanged) => Err(Failure::CatalogChanged),
        decided => Ok(decided?),
    }
}

/// Returns the catalog as the saved export may see it. With tokens, there may always be a second tenant.
fn visible(applied: Applied, access: &Access, claim: &Claim) -> Applied {
    match applied.revision.visible(access, claim.rights.key_id.is_none()) {
        None => applied,
        Some(revision) => Applied { revision, ..applied },
    }
}
