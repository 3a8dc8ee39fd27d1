//! State that decides about a request: limits of its tenant, an earlier export under its key, and the chunks it might
//! reuse.

use std::collections::HashSet;

use export::cut::Consistency;
use export::id::{ChunkId, ExportId, Fingerprint, TenantId};
use export::plan::{Candidate, Target};
use export::range::Slice;
use export::state::ChunkState;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::super::connection::{Tx, sql};
use super::super::error::StoreError;
use super::super::idempotency::Idempotency;
use super::super::ranges::{chunk_id, count, from_row, uuids};
use super::super::turns::{Full, Kept, Unpaid, UsedUp};

/// State of the store at one moment.
#[derive(Debug)]
pub(super) struct AcceptSnapshot {
    /// The time, in microseconds since 1970.
    pub(super) now: i64,
    /// The export that has the idempotency key; true if it was requested with the same body.
    pub(super) earlier: Option<(ExportId, bool)>,
    /// Set if the tenant has reached its limit of live exports.
    pub(super) full: Option<Full>,
    /// Set if the tenant has reached its limit of stored data.
    pub(super) kept: Option<Kept>,
    /// Set if the tenant has used up its chunks of this minute.
    pub(super) unpaid: Option<Unpaid>,
    /// Set if the tenant has reached its limit of the day.
    pub(super) used_up: Option<UsedUp>,
    /// Chunks that might be reused, ordered by id.
    pub(super) candidates: Vec<Candidate>,
}

impl AcceptSnapshot {
    /// Reads the state without taking a lock. It may be outdated at once, except for rows the caller has locked.
    pub(super) async fn read(
        tx: &mut Tx,
        tenant: &TenantId,
        targets: &[Target],
        consistency: Consistency,
        idempotency: Option<&Idempotency>,
    ) -> Result<Self, StoreError> {
        let Spans { fingerprints, starts, ends } = Spans::new(targets);
        let find = sql(include_str!("../../sql/accept/candidates.sql"))
            .bind(tenant.as_str())
            .bind(fingerprints)
            .bind(starts)
            .bind(ends)
            .bind(idempotency.map(|i| i.key.as_str()))
            .bind(idempotency.map(|i| &i.body_sha256[..]))
            .bind(idempotency.map(|i| &i.sent_sha256[..]));
        let rows = tx.all(find).await?;
        let first = rows.first().ok_or_else(|| StoreError::unreadable("tenant", "it has no limits"))?;
        let earlier = match first.try_get::<Option<Uuid>, _>("earlier")? {
            Some(id) => Some((id.into(), first.try_get("same")?)),
            None => None,
        };
        let mut candidates = Vec::with_capacity(rows.len());
        for row in &rows {
            if row.try_get::<Option<Uuid>, _>("id")?.is_some() {
                candidates.push(candidate(row)?);
            }
        }
        if consistency == Consistency::Snapshot {
            // Within a snapshot a file of before can only be checked.
            candidates.retain(|candidate| candidate.only_checked);
        }
        Ok(Self {
            now: first.try_get("now")?,
            earlier,
            full: Full::read(first)?,
            kept: Kept::read(first)?,
            unpaid: Unpaid::read(first)?,
            used_up: UsedUp::read(first)?,
            candidates,
        })
    }

    /// Returns the chunks that the export may link. A chunk that is only checked stays as it is.
    pub(super) fn linkable(&self) -> Vec<ChunkId> {
        self.candidates.iter().filter(|c| !c.only_checked).map(|c| c.id).collect()
    }

    /// Removes the candidates that might be linked and that the caller has not locked.
    pub(super) fn keep(&mut self, locked: &[ChunkId]) {
        let locked: HashSet<_> = locked.iter().collect();
        self.candidates.retain(|candidate| candidate.only_checked || locked.contains(&candidate.id));
    }
}

/// Target spans as parallel arrays; starts and ends are `None` without a range column and a key.
pub(super) struct Spans {
    pub(super) fingerprints: Vec<Vec<u8>>,
    pub(super) starts: Vec<Option<i64>>,
    pub(super) ends: Vec<Option<i64>>,
}

impl Spans {
    pub(super) fn new(targets: &[Target]) -> Self {
        Self {
            fingerprints: targets.iter().map(|target| target.fingerprint.0.to_vec()).collect(),
            starts: targets.iter().map(|target| Self::of(target).map(|(start, _)| start)).collect(),
            ends: targets.iter().map(|target| Self::of(target).map(|(_, end)| end)).collect(),
        }
    }

    /// Returns the bounds within which the chunks of a target lie; those of every value if it has a key.
    fn of(target: &Target) -> Option<(i64, i64)> {
        let slices = target.selection.key.as_ref().map(|_| (Slice::OPEN_START, Slice::OPEN_END));
        target.span.map(|span| (span.start, span.end)).or(slices)
    }
}

fn candidate(row: &PgRow) -> Result<Candidate, StoreError> {
    let fingerprint: &[u8] = row.try_get("fingerprint")?;
    Ok(Candidate {
        id: chunk_id(row, "id")?,
        fingerprint: Fingerprint(
            fingerprint.try_into().map_err(|e| StoreError::unreadable("fingerprint", e))?,
        ),
        range: from_row(row)?,
        state: row
            .try_get::<String, _>("state")?
            .parse::<ChunkState>()
            .map_err(|e| StoreError::unreadable("state", e))?,
        reusable: row.try_get("reusable")?,
        as_of_micros: row.try_get("as_of")?,
        rows: count(row, "rows")?,
        bytes: count(row, "bytes")?,
        only_checked: row.try_get("only_checked")?,
        has_check: row.try_get::<Option<Uuid>, _>("checks")?.is_some(),
    })
}

/// Locks chunks in id order. Their state must be read by a second statement, because the snapshot of this one may be
/// older than the locks it waited for.
pub(super) async fn lock(tx: &mut Tx, chunks: &[ChunkId]) -> Result<(), StoreError> {
    if chunks.is_empty() {
        return Ok(());
    }
    let lock = sql("select from sluice.chunk where id = any ($1) order by id for update");
    tx.all(lock.bind(uuids(chunks))).await.map(|_| ())
}

/// Locks all chunks that might be reused.
pub(in super::super) async fn lock_candidates(
    tx: &mut Tx,
    tenant: &TenantId,
    targets: &[Target],
) -> Result<(), StoreError> {
    let snapshot = AcceptSnapshot::read(tx, tenant, targets, Consistency::File, None).await?;
    lock(tx, &snapshot.linkable()).await
}
