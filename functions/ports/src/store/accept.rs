//! Accepting an export: everything is stored in one transaction before anything is sent.

use std::collections::BTreeMap;

use export::chunk::ChunkState;
use export::file::file_name;
use export::id::{ChunkId, ExportId, Fingerprint, TenantId};
use export::manifest::DatasetHead;
use export::plan::{Candidate, Plan, Policy, Reuse, TooManyChunks, Want};
use serde_json::Value;
use sqlx::Row;

use super::connection::{AsStoreError, Store, Tx, sql};
use super::error::StoreError;
use super::idempotency::{Idempotency, claim_key};
use super::ranges::{chunk_id, count, from_row, texts, to_columns, to_json};
use super::turns::{self, Full};
use crate::random;

/// Room between the ordinals of two links, shared out among the children of a split: eight splits deep where the
/// number of children doubles from 5 to 64. Below that ordinals repeat, and the chunk's id decides.
pub(super) const ROOM: i64 = 1 << 40;

/// An export to accept.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// Its id.
    pub id: ExportId,
    /// Its owner.
    pub tenant: TenantId,
    /// The request as it was understood.
    pub request: Value,
    /// The catalog's revision it was read against.
    pub revision_id: String,
    /// What it wants.
    pub wants: Vec<Want>,
    /// What may be reused.
    pub reuse: Reuse,
    /// Its idempotency key, if the caller gave one.
    pub idempotency: Option<Idempotency>,
    /// Limits of the plan.
    pub limits: Limits,
    /// Seconds after which it ends whatever happens.
    pub deadline_secs: u32,
}

/// Limits of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of binary COPY a chunk should have.
    pub target_bytes: u64,
    /// Most chunks of an export.
    pub max_chunks: usize,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The export.
    pub id: ExportId,
    /// Whether it is an earlier one, found by its idempotency key.
    pub replayed: bool,
    /// Whether nothing is left to read: every chunk was reused.
    pub complete: bool,
}

/// Why a request was not accepted. Nothing was stored.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The idempotency key came before, with another body.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// Another catalog is in force than the one the request was read against.
    #[error("another catalog was applied meanwhile")]
    CatalogChanged,
    /// The tenant has as many live exports as it may.
    #[error(transparent)]
    Full(#[from] Full),
    /// Too many chunks.
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

impl Store {
    /// Plans and stores an export; dispatching is the caller's next step.
    ///
    /// Lock order: idempotency key, tenant row, chunk rows by id.
    ///
    /// # Errors
    /// Nothing is stored then.
    pub async fn accept(&self, new: &NewExport) -> Result<Accepted, AcceptError> {
        self.again(|| self.accept_once(new)).await
    }

    async fn accept_once(&self, new: &NewExport) -> Result<Accepted, AcceptError> {
        let mut tx = self.begin().await?;
        if let Some(idempotency) = &new.idempotency
            && let Some(earlier) = claim_key(&mut tx, new, idempotency).await?
        {
            tx.rollback().await?;
            return Ok(Accepted { id: earlier, replayed: true, complete: false });
        }
        // Accepts of one tenant take turns, so that each sees the chunks of those before it.
        let now = tx
            .one(sql("select sluice.micros(clock_timestamp()) as now from sluice.tenant where id = $1 for no key update").bind(new.tenant.as_str()))
            .await?
            .try_get("now")
            .map_err(StoreError::from)?;
        let candidates = lock_candidates(&mut tx, &new.tenant, &new.wants).await?;
        let policy = Policy {
            target_bytes: new.limits.target_bytes,
            max_chunks: new.limits.max_chunks,
            reuse: new.reuse,
            now_micros: now,
        };
        let plan = Plan::new(&new.wants, &candidates, &policy)?;
        let heads: Vec<_> = new.wants.iter().map(DatasetHead::new).collect();
        // What is all there already waits for nothing, so no limit of waiting exports refuses it.
        let queues = plan.pieces().any(|(_, piece)| piece.unread);
        if !insert_export(&mut tx, new, &heads, now, queues).await? {
            return Err(match turns::full(&mut tx, &new.tenant).await? {
                Some(full) if queues => full.into(),
                _ => AcceptError::CatalogChanged,
            });
        }
        let pieces = number(&plan, &new.wants, 0);
        let open = insert_pieces(&mut tx, new.id, &new.tenant, &pieces).await?;
        tx.commit().await?;
        Ok(Accepted { id: new.id, replayed: false, complete: open == 0 })
    }

    /// Makes the plan that `accept` would make now, and keeps nothing.
    ///
    /// # Errors
    /// As `accept`.
    pub async fn plan(
        &self,
        tenant: &TenantId,
        wants: &[Want],
        reuse: Reuse,
        limits: Limits,
    ) -> Result<Plan, AcceptError> {
        let mut tx = self.begin().await?;
        let now = tx
            .one(sql("select sluice.micros(clock_timestamp()) as now"))
            .await?
            .try_get("now")
            .map_err(StoreError::from)?;
        let ids: Vec<_> = find_candidates(&mut tx, tenant, wants, false).await?;
        let candidates = read_candidates(&mut tx, &ids).await?;
        tx.rollback().await?;
        let policy = Policy {
            target_bytes: limits.target_bytes,
            max_chunks: limits.max_chunks,
            reuse,
            now_micros: now,
        };
        Ok(Plan::new(wants, &candidates, &policy)?)
    }
}

/// Locks the chunks that might be reused, in id order, and reads them in a second statement: the first
/// one's snapshot may be older than the locks it waited for.
pub(super) async fn lock_candidates(
    tx: &mut Tx,
    tenant: &TenantId,
    wants: &[Want],
) -> Result<Vec<Candidate>, StoreError> {
    let ids = find_candidates(tx, tenant, wants, true).await?;
    read_candidates(tx, &ids).await
}

async fn find_candidates(
    tx: &mut Tx,
    tenant: &TenantId,
    wants: &[Want],
    lock: bool,
) -> Result<Vec<String>, StoreError> {
    let statement = if lock {
        concat!(include_str!("accept/candidates.sql"), " for update of c")
    } else {
        include_str!("accept/candidates.sql")
    };
    let fingerprints: Vec<Vec<u8>> = wants.iter().map(|w| w.fingerprint.0.to_vec()).collect();
    let starts: Vec<Option<i64>> = wants.iter().map(|w| w.span.map(|s| s.start)).collect();
    let ends: Vec<Option<i64>> = wants.iter().map(|w| w.span.map(|s| s.end)).collect();
    let rows =
        tx.all(sql(statement).bind(tenant.as_str()).bind(fingerprints).bind(starts).bind(ends)).await?;
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

async fn read_candidates(tx: &mut Tx, ids: &[String]) -> Result<Vec<Candidate>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = tx
        .all(
            sql("select id::text, fingerprint, range_of, range_start, range_end, state, reusable and horizon is not null as reusable, sluice.micros(as_of) as as_of, \
                 coalesce(rows, planned_rows) as rows, coalesce(source_bytes, planned_bytes) as bytes \
                 from sluice.chunk where id = any ($1::text[]::uuid[])")
            .bind(ids),
        )
        .await?;
    let read = |row: &sqlx::postgres::PgRow| {
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
        })
    };
    rows.iter().map(read).collect()
}

/// False if another catalog is in force: until the transaction ends none is applied (`in_force.sql`).
/// Also if the export `queues` and the tenant has as many live ones as it may.
async fn insert_export(
    tx: &mut Tx,
    new: &NewExport,
    heads: &[DatasetHead],
    now: i64,
    queues: bool,
) -> Result<bool, StoreError> {
    let insert = sql("insert into sluice.export (id, tenant, request, revision, heads, accepted_at, queued_at, deadline_at) \
         select $1::text::uuid, $2, $3::text::jsonb, $4, $5::text::jsonb, sluice.from_micros($6), sluice.from_micros($6), sluice.from_micros($6) + $7::bigint * interval '1 second' \
         where coalesce(sluice.revision_in_force() = $4, true) and not ($8 and sluice.is_full($2))")
    .bind(new.id.to_string())
    .bind(new.tenant.as_str())
    .bind(new.request.to_string())
    .bind(&new.revision_id)
    .bind(to_json(&heads)?)
    .bind(now)
    .bind(i64::from(new.deadline_secs))
    .bind(queues);
    Ok(tx.run(insert).await? == 1)
}

/// A piece of a plan with its place in the export.
pub(super) struct Numbered<'a> {
    pub(super) piece: export::plan::Piece,
    pub(super) want: &'a Want,
    pub(super) id: ChunkId,
    pub(super) ordinal: i64,
}

pub(super) fn number<'a>(plan: &Plan, wants: &'a [Want], first: i64) -> Vec<Numbered<'a>> {
    let place = |(i, (dataset, piece)): (usize, (usize, &export::plan::Piece))| Numbered {
        piece: *piece,
        want: &wants[dataset],
        id: piece.reused.unwrap_or_else(|| ChunkId::from_random(random::bytes())),
        ordinal: first + i as i64 * ROOM,
    };
    plan.pieces().enumerate().map(place).collect()
}

/// Inserts selections, new chunks and links to all pieces, in one statement; answers how many links are open.
pub(super) async fn insert_pieces(
    tx: &mut Tx,
    export: ExportId,
    tenant: &TenantId,
    pieces: &[Numbered<'_>],
) -> Result<usize, StoreError> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let new: Vec<_> = pieces.iter().filter(|p| p.piece.reused.is_none()).collect();
    let selections: BTreeMap<_, _> =
        pieces.iter().map(|p| (&p.want.fingerprint.0, &p.want.selection)).collect();
    let bodies = selections.values().map(to_json).collect::<Result<Vec<_>, _>>()?;
    let columns: Vec<_> = new.iter().map(|p| to_columns(&p.piece.range)).collect();
    let name = |p: &Numbered<'_>| {
        file_name(&p.want.selection.dataset, &p.piece.range, p.want.selection.output.extension())
    };
    let insert = sql(include_str!("accept/pieces.sql"))
        .bind(tenant.as_str())
        .bind(selections.keys().map(|f| f.to_vec()).collect::<Vec<_>>())
        .bind(bodies)
        .bind(texts(&new.iter().map(|p| p.id).collect::<Vec<_>>()))
        .bind(new.iter().map(|p| p.want.selection.dataset.clone()).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.want.fingerprint.0.to_vec()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.0.to_owned()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.1).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.2).collect::<Vec<_>>())
        .bind(new.iter().map(|p| signed(p.piece.rows)).collect::<Vec<_>>())
        .bind(new.iter().map(|p| signed(p.piece.bytes)).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.want.estimate.indexed).collect::<Vec<_>>())
        .bind(export.to_string())
        .bind(texts(&pieces.iter().map(|p| p.id).collect::<Vec<_>>()))
        .bind(pieces.iter().map(|p| p.ordinal).collect::<Vec<_>>())
        .bind(pieces.iter().map(name).collect::<Vec<_>>())
        .bind(pieces.iter().map(|p| signed(p.piece.bytes).max(1)).collect::<Vec<_>>())
        .bind(pieces.iter().map(|p| p.piece.reused.is_some()).collect::<Vec<_>>())
        .bind(pieces.iter().map(|p| p.piece.unread).collect::<Vec<_>>())
        .bind(ROOM);
    tx.run(insert).await?;
    Ok(pieces.iter().filter(|p| p.piece.unread).count())
}
