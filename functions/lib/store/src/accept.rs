//! Acceptance of an export: everything is stored in one transaction before any message is sent.

use std::time::Duration;

use export::cut::Consistency;
use export::id::{ChunkId, ExportId, TenantId};
use export::plan::{Plan, Policy, Reuse, Target, TooManyChunks, usable};
use serde_json::Value;

use super::connection::{AsStoreError, Statement, Store, Tx, sql};
use super::error::StoreError;
use super::idempotency::Idempotency;
use super::ranges::uuids;
use super::turns::{Full, Kept, Unpaid, UsedUp};
use insert::Outcome;
use snapshot::AcceptSnapshot;

mod insert;
mod snapshot;

pub(super) use insert::{ROOM, insert_chunks, naming, number};
pub(super) use snapshot::lock_candidates;

/// Number of plans made without a lock. If the reusable chunks change each time, one more plan is made with them
/// locked.
const FREE_PLANS: u32 = 2;

/// Maximum time for which a request waits until the tenant's earlier chunks are paid for. It waits without a session.
/// A 429 at once would cost a loop that ignores it less than the api.
const MAX_PAY_WAIT: Duration = Duration::from_secs(1);

/// An export to accept.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Id of the export.
    pub id: ExportId,
    /// Tenant that owns it.
    pub tenant: TenantId,
    /// The request in its canonical form.
    pub request: Value,
    /// Revision of the catalog the request was resolved against.
    pub revision_id: String,
    /// Selections and ranges the export must cover.
    pub targets: Vec<Target>,
    /// Reuse the request allows.
    pub reuse: Reuse,
    /// Idempotency key, if the client sent one.
    pub idempotency: Option<Idempotency>,
    /// Limits of the plan.
    pub limits: PlanLimits,
    /// Seconds after which the export ends, whatever its state.
    pub deadline_secs: u32,
    /// Header `traceparent` of the request, if it had a valid one; the attempts of its new chunks log it.
    pub traceparent: Option<String>,
}

/// Limits of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Target size of a chunk in bytes of binary COPY.
    pub target_bytes: u64,
    /// Maximum number of chunks of an export.
    pub max_chunks: usize,
}

/// Outcome of an accepted request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Id of the export.
    pub id: ExportId,
    /// True if this is an earlier export, found by its idempotency key.
    pub replayed: bool,
    /// True if nothing is left to read because every chunk was reused.
    pub complete: bool,
}

/// Reason why a request was not accepted. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The idempotency key was used before with another body.
    #[error("the idempotency key was already used with a different request")]
    KeyReused,
    /// The catalog in force is not the one the request was resolved against.
    #[error("another catalog was applied in the meantime")]
    CatalogChanged,
    /// The tenant has reached its limit of live exports.
    #[error(transparent)]
    Full(#[from] Full),
    /// The tenant has reached its limit of stored data.
    #[error(transparent)]
    Kept(#[from] Kept),
    /// The tenant has used up its chunks of this minute.
    #[error(transparent)]
    Unpaid(#[from] Unpaid),
    /// The tenant has reached its limit of the day.
    #[error(transparent)]
    UsedUp(#[from] UsedUp),
    /// The plan has too many chunks.
    #[error(transparent)]
    TooManyChunks(#[from] TooManyChunks),
    /// The store failed.
    #[error("accepting in the store failed")]
    Store(#[from] StoreError),
}

impl AsStoreError for AcceptError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Outcome of storing a plan.
enum Stored {
    Accepted(Accepted),
    /// The reusable chunks have changed, a limit was reached, or an earlier export has the key: the request must be
    /// decided again.
    Changed,
}

impl NewExport {
    /// Returns the consistency that the request names.
    fn consistency(&self) -> Consistency {
        Consistency::of(&self.request)
    }

    fn policy(&self, now_micros: i64) -> Policy {
        self.limits.policy(self.reuse, now_micros)
    }

    /// Returns the targets for which existing chunks may be linked: none if all files show one instant, because the
    /// snapshot of every existing chunk is another one.
    fn shareable(&self) -> &[Target] {
        match self.consistency() {
            Consistency::File => &self.targets,
            Consistency::Snapshot => &[],
        }
    }
}

impl PlanLimits {
    fn policy(self, reuse: Reuse, now_micros: i64) -> Policy {
        Policy { target_bytes: self.target_bytes, max_chunks: self.max_chunks, reuse, now_micros }
    }
}

impl Store {
    /// Plans and stores an export. The caller dispatches afterwards.
    ///
    /// Limits are checked first because that is cheap. The plan is made without holding a lock or a session. One
    /// statement takes the lock of the tenant row, checks that the plan still holds and stores the export
    /// (`functions/accept.sql`), a second one its chunks. It never waits for the tenant row while it holds a session, so
    /// concurrent requests of one tenant use one session that works and none that waits.
    ///
    /// Lock order: tenant row, idempotency key, chunk rows by id.
    ///
    /// # Errors
    /// Nothing is stored in that case.
    pub async fn accept(&self, new: &NewExport) -> Result<Accepted, AcceptError> {
        let mut snapshot = self.snapshot_for(new).await?;
        let (mut plans, mut waited) = (1, false);
        loop {
            if let Some((id, same)) = snapshot.earlier {
                return replayed(id, same);
            }
            if let Some(kept) = snapshot.kept {
                return Err(kept.into());
            }
            if let Some(unpaid) = snapshot.unpaid {
                if waited {
                    return Err(unpaid.into());
                }
                tokio::time::sleep(unpaid.wait.min(MAX_PAY_WAIT)).await;
                waited = true;
                snapshot = self.snapshot_for(new).await?;
                continue;
            }
            // A request whose chunks are all read already waits for nothing and reads nothing, so the limits of waiting
            // exports and of the day do not apply to it.
            let reached = match &snapshot.used_up {
                Some(used_up) => Some(AcceptError::from(used_up.clone())),
                None => snapshot.full.map(AcceptError::from),
            };
            if let Some(reached) = reached
                && !Plan::is_covered(&new.targets, &snapshot.candidates, &new.policy(snapshot.now))
            {
                return Err(reached);
            }
            let stored = if plans <= FREE_PLANS {
                let plan = Plan::new(&new.targets, &snapshot.candidates, &new.policy(snapshot.now))?;
                self.again(|| self.store_planned(new, &snapshot, Some(&plan))).await?
            } else {
                self.again(|| self.store_planned(new, &snapshot, None)).await?
            };
            if let Stored::Accepted(accepted) = stored {
                return Ok(accepted);
            }
            snapshot = self.snapshot_for(new).await?;
            plans += 1;
        }
    }

    /// Makes the plan that `accept` would make now, without storing anything.
    ///
    /// # Errors
    /// As `accept`.
    pub async fn plan(
        &self,
        tenant: &TenantId,
        targets: &[Target],
        consistency: Consistency,
        reuse: Reuse,
        limits: PlanLimits,
    ) -> Result<Plan, AcceptError> {
        let snapshot = self.snapshot(tenant, targets, consistency, None).await?;
        Ok(Plan::new(targets, &snapshot.candidates, &limits.policy(reuse, snapshot.now))?)
    }

    async fn snapshot_for(&self, new: &NewExport) -> Result<AcceptSnapshot, StoreError> {
        self.snapshot(&new.tenant, &new.targets, new.consistency(), new.idempotency.as_ref()).await
    }

    async fn snapshot(
        &self,
        tenant: &TenantId,
        targets: &[Target],
        consistency: Consistency,
        idempotency: Option<&Idempotency>,
    ) -> Result<AcceptSnapshot, StoreError> {
        let mut tx = self.begin().await?;
        let snapshot = AcceptSnapshot::read(&mut tx, tenant, targets, consistency, idempotency).await?;
        tx.rollback().await?;
        Ok(snapshot)
    }

    /// Stores the plan made from `snapshot` if it still holds. Without a plan, makes one here from the chunks of `snapshot`,
    /// under their locks. Statements are built before the tenant's row is locked.
    async fn store_planned(
        &self,
        new: &NewExport,
        snapshot: &AcceptSnapshot,
        plan: Option<&Plan>,
    ) -> Result<Stored, AcceptError> {
        let built = plan.map(|plan| {
            let seen = usable(&snapshot.candidates, new.reuse, snapshot.now);
            Statements::new(new, plan, Some(seen), snapshot.now)
        });
        let mut tx = self.again(|| self.enter(&new.tenant)).await?;
        let stored = match built {
            Some(built) => built.run(&mut tx, new.id).await,
            None => plan_and_store(&mut tx, new, snapshot).await,
        };
        match &stored {
            Ok(Stored::Accepted(_)) => tx.commit().await?,
            Ok(Stored::Changed) => tx.rollback().await?,
            Err(error) => tx.refuse(error).await,
        }
        stored
    }

    /// Begins a transaction that holds the tenant's row.
    async fn enter(&self, tenant: &TenantId) -> Result<Tx, StoreError> {
        let mut tx = self.begin().await?;
        let enter = sql(include_str!("../sql/accept/enter.sql")).bind(tenant.as_str());
        match tx.one(enter).await {
            Ok(_) => Ok(tx),
            Err(error) => {
                tx.refuse(&error).await;
                Err(error)
            }
        }
    }
}

async fn plan_and_store(
    tx: &mut Tx,
    new: &NewExport,
    snapshot: &AcceptSnapshot,
) -> Result<Stored, AcceptError> {
    let locked = snapshot.linkable();
    snapshot::lock(tx, &locked).await?;
    let mut newer = AcceptSnapshot::read(tx, &new.tenant, &new.targets, new.consistency(), None).await?;
    newer.keep(&locked);
    let plan = Plan::new(&new.targets, &newer.candidates, &new.policy(newer.now))?;
    Statements::new(new, &plan, None, newer.now).run(tx, new.id).await
}

/// The two statements that store an export.
struct Statements {
    export: Statement<'static>,
    chunks: Statement<'static>,
    /// Number of chunks of the plan.
    links: usize,
}

impl Statements {
    fn new(new: &NewExport, plan: &Plan, usable: Option<Vec<ChunkId>>, now: i64) -> Self {
        let chunks = number(plan, &new.targets, 0);
        Self {
            export: insert::export(new, plan, usable, now),
            links: chunks.len(),
            chunks: insert::chunks(
                new.id,
                &new.tenant,
                &chunks,
                new.traceparent.as_deref(),
                new.consistency(),
            ),
        }
    }

    async fn run(self, tx: &mut Tx, id: ExportId) -> Result<Stored, AcceptError> {
        match Outcome::of(tx, self.export).await? {
            Outcome::Decide => Ok(Stored::Changed),
            Outcome::Catalog => Err(AcceptError::CatalogChanged),
            Outcome::Accepted { read } => {
                tx.run(self.chunks.bind(uuids(&read))).await?;
                Ok(Stored::Accepted(Accepted { id, replayed: false, complete: read.len() == self.links }))
            }
        }
    }
}

/// Returns the outcome of a request whose idempotency key was used before.
fn replayed(id: ExportId, same: bool) -> Result<Accepted, AcceptError> {
    if same { Ok(Accepted { id, replayed: true, complete: false }) } else { Err(AcceptError::KeyReused) }
}
