//! Retry of a failed export: failed ranges are planned again, as new chunks under the catalog in force.

use std::collections::BTreeMap;

use export::cut::Consistency;
use export::id::{ExportId, TenantId};
use export::manifest::DatasetHead;
use export::plan::{DatasetPlan, Plan, Policy, Reuse, Target, TooManyChunks};
use export::range::Range;
use export::state::ExportStatus;
use serde_json::Value;
use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use super::accept::{PlanLimits, ROOM, insert_chunks, lock_candidates, number};
use super::connection::{AsStoreError, Store, Tx, sql};
use super::error::StoreError;
use super::ranges::{from_row, ids, json};
use super::turns::{self, Full, UsedUp};

/// Reason why an export was not retried. It is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// The tenant has no such export.
    #[error("there is no such export")]
    NotFound,
    /// Only a failed export can be retried.
    #[error("the export is {0}, not failed")]
    NotFailed(ExportStatus),
    /// The catalog in force is not the one the request was resolved against.
    #[error("another catalog was applied in the meantime")]
    CatalogChanged,
    /// The tenant has reached its limit of live exports.
    #[error(transparent)]
    Full(#[from] Full),
    /// The tenant has reached its limit of the day.
    #[error(transparent)]
    UsedUp(#[from] UsedUp),
    /// The plan has too many chunks.
    #[error(transparent)]
    TooManyChunks(#[from] TooManyChunks),
    /// The store failed.
    #[error("retrying in the store failed")]
    Store(#[from] StoreError),
}

impl AsStoreError for RetryError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// Terms of a retry.
#[derive(Clone, Copy, Debug)]
pub struct RetryTerms<'a> {
    /// Limits of the plan.
    pub limits: PlanLimits,
    /// Seconds after which the export ends, whatever its state.
    pub deadline_secs: u32,
    /// Header `traceparent` of the request, if it had a valid one; the attempts of its new chunks log it.
    pub traceparent: Option<&'a str>,
}

impl Store {
    /// Returns the request of an export and its status, to be resolved again under the catalog in force.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn request_of(&self, tenant: &TenantId, export: ExportId) -> Result<Option<Value>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx
            .optional(
                sql("select request from sluice.export where id = $1 and tenant = $2")
                    .bind(export.uuid())
                    .bind(tenant.as_str()),
            )
            .await?;
        tx.commit().await?;
        row.map(|row| json(&row, "request")).transpose()
    }

    /// Reopens a failed export. `targets` is its request resolved under `revision_id`. A dataset with an unchanged
    /// selection gets new chunks for its failed and missing ranges; a dataset whose selection changed is read in
    /// full.
    ///
    /// Lock order: tenant row, chunk rows by id, export row.
    ///
    /// # Errors
    /// Nothing is changed in that case.
    pub async fn retry(
        &self,
        tenant: &TenantId,
        export: ExportId,
        targets: &[Target],
        revision_id: &str,
        terms: &RetryTerms<'_>,
    ) -> Result<(), RetryError> {
        self.end_if_overdue(export).await?;
        let retry = Retry { tenant, export, targets, revision_id, terms };
        self.again(|| self.retry_once(&retry)).await
    }

    async fn retry_once(&self, retry: &Retry<'_>) -> Result<(), RetryError> {
        let mut tx = self.begin().await?;
        let retried = reopen(&mut tx, retry).await;
        match &retried {
            Ok(()) => tx.commit().await?,
            Err(error) => tx.refuse(error).await,
        }
        retried
    }
}

/// Parameters of one retry.
struct Retry<'a> {
    tenant: &'a TenantId,
    export: ExportId,
    targets: &'a [Target],
    revision_id: &'a str,
    terms: &'a RetryTerms<'a>,
}

async fn reopen(tx: &mut Tx, retry: &Retry<'_>) -> Result<(), RetryError> {
    let &Retry { tenant, export, targets, revision_id, terms } = retry;
    let limits = terms.limits;
    let now: i64 = tx
        .one(sql(include_str!("../sql/accept/enter.sql")).bind(tenant.as_str()))
        .await?
        .try_get("now")
        .map_err(StoreError::from)?;
    let chunks = lock_chunks(tx, export).await?;
    let find = sql(
        "select status, heads, request from sluice.export where id = $1 and tenant = $2 for no key update",
    );
    let Some(row) = tx.optional(find.bind(export.uuid()).bind(tenant.as_str())).await? else {
        return Err(RetryError::NotFound);
    };
    let status: String = row.try_get("status").map_err(StoreError::from)?;
    let status: ExportStatus = status.parse().map_err(|e| StoreError::unreadable("status", e))?;
    if status != ExportStatus::Failed {
        return Err(RetryError::NotFailed(status));
    }
    let (full, used_up) = turns::reached(tx, tenant).await?;
    if let Some(used_up) = used_up {
        return Err(used_up.into());
    }
    if let Some(full) = full {
        return Err(full.into());
    }
    let request: Value = json(&row, "request")?;
    let consistency = Consistency::of(&request);
    let left = leftover(tx, export, consistency).await?;
    // Failed chunks are not changed: new ones replace them.
    let policy = Policy {
        target_bytes: limits.target_bytes,
        max_chunks: limits.max_chunks,
        reuse: Reuse::Never,
        now_micros: now,
    };
    let before: Vec<DatasetHead> = json(&row, "heads")?;
    let targets = &like_before(targets, &left, &before)[..];
    let (again, plan) = replan(targets, &left, &policy)?;
    if consistency == Consistency::File {
        lock_candidates(tx, tenant, &again).await?;
    }
    let changed: Vec<_> =
        targets.iter().filter(|w| left.is_changed(w)).map(|w| w.selection.dataset.clone()).collect();
    tx.run(sql(include_str!("../sql/retry/drop.sql")).bind(export.uuid()).bind(&changed)).await?;
    tx.run(sql("delete from sluice.missing where export_id = $1").bind(export.uuid())).await?;
    tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(&chunks)).await?;
    let first = tx
        .one(
            sql("select coalesce(max(ordinal), 0) + $2 as first from sluice.link where export_id = $1")
                .bind(export.uuid())
                .bind(ROOM),
        )
        .await?
        .try_get("first")
        .map_err(StoreError::from)?;
    insert_chunks(tx, export, tenant, &number(&plan, &again, first), terms.traceparent, consistency).await?;
    let kept =
        |w: &Target| before.iter().find(|h| h.name == w.selection.dataset && !left.is_changed(w)).cloned();
    let heads: Vec<_> = targets.iter().map(|w| kept(w).unwrap_or_else(|| DatasetHead::new(w))).collect();
    let reopen = sql(include_str!("../sql/retry/reopen.sql"))
        .bind(export.uuid())
        .bind(revision_id)
        .bind(Json(&heads))
        .bind(i64::from(terms.deadline_secs));
    if tx.run(reopen).await? == 0 {
        return Err(RetryError::CatalogChanged);
    }
    // The export waits for its turn again, at the end of the queue.
    tx.run(sql("delete from sluice.export_turn where export_id = $1").bind(export.uuid())).await?;
    Ok(())
}

async fn lock_chunks(tx: &mut Tx, export: ExportId) -> Result<Vec<Uuid>, StoreError> {
    let lock = sql(include_str!("../sql/cancel/lock.sql"));
    let rows = tx.all(lock.bind(export.uuid())).await?;
    ids(&rows)
}

/// Ranges a failed export still lacks, and the fingerprints of its chunks.
struct Leftover {
    /// Ranges that failed or are missing, by dataset.
    ranges: BTreeMap<String, Vec<Range>>,
    /// Fingerprint under which the chunks were created, by dataset.
    fingerprints: BTreeMap<String, Vec<u8>>,
}

impl Leftover {
    /// Reports whether the selection of the dataset differs from before, so that its existing files no longer fit.
    fn is_changed(&self, target: &Target) -> bool {
        self.fingerprints.get(&target.selection.dataset).is_none_or(|f| f[..] != target.fingerprint.0[..])
    }
}

/// Reads what an export lacks: everything if all files must show one instant, because that of the files it has is past.
async fn leftover(tx: &mut Tx, export: ExportId, consistency: Consistency) -> Result<Leftover, StoreError> {
    if consistency == Consistency::Snapshot {
        return Ok(Leftover { ranges: BTreeMap::new(), fingerprints: BTreeMap::new() });
    }
    let rows = tx.all(sql(include_str!("../sql/retry/leftover.sql")).bind(export.uuid())).await?;
    let mut left = Leftover { ranges: BTreeMap::new(), fingerprints: BTreeMap::new() };
    for row in &rows {
        let dataset: String = row.try_get("dataset")?;
        if row.try_get("lacking")? {
            left.ranges.entry(dataset.clone()).or_default().push(from_row(row)?);
        }
        left.fingerprints.insert(dataset, row.try_get("fingerprint")?);
    }
    Ok(left)
}

/// Returns the targets with the layout that their files have: a dataset that is not read in full keeps it, even if the
/// index that it depends on has appeared or vanished since.
fn like_before(targets: &[Target], left: &Leftover, before: &[DatasetHead]) -> Vec<Target> {
    let mut targets = targets.to_vec();
    for target in targets.iter_mut().filter(|target| !left.is_changed(target)) {
        let head = before.iter().find(|head| head.name == target.selection.dataset);
        target.hive = head.map_or(target.hive, |head| head.hive);
    }
    targets
}

/// Plans every missing range separately, so that the new chunks tile exactly the ranges of the old ones.
fn replan(
    targets: &[Target],
    left: &Leftover,
    policy: &Policy,
) -> Result<(Vec<Target>, Plan), TooManyChunks> {
    let (mut again, mut plan) = (Vec::new(), Plan::default());
    for target in targets {
        if left.is_changed(target) {
            plan.datasets.extend(Plan::new(std::slice::from_ref(target), &[], policy)?.datasets);
            again.push(target.clone());
            continue;
        }
        for range in left.ranges.get(&target.selection.dataset).into_iter().flatten() {
            let dataset = match range.span() {
                Some(span) => {
                    // The chunk of NULL values is a separate range.
                    let mut part = Target { span: Some(span), ..target.clone() };
                    if let Some(column) = &mut part.selection.range_column {
                        column.include_nulls = false;
                    }
                    Plan::new(&[part], &[], policy)?.datasets
                }
                None => {
                    let size = match range {
                        Range::Null => target.estimate.nulls,
                        _ => target.estimate.total,
                    };
                    let (rows, bytes) = (size.rows, size.bytes);
                    let chunk = export::plan::PlannedChunk {
                        range: *range,
                        reused: None,
                        checks: None,
                        unread: true,
                        rows,
                        bytes,
                    };
                    vec![DatasetPlan {
                        dataset: target.selection.dataset.clone(),
                        chunks: vec![chunk],
                        note: None,
                    }]
                }
            };
            plan.datasets.extend(dataset);
            again.push(target.clone());
        }
    }
    Ok((again, plan.within(policy.max_chunks)?))
}
