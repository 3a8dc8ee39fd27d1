//! Inserts of a plan: the export, its selections, new chunks and links.

use std::collections::BTreeMap;

use export::cut::Consistency;
use export::file::Naming;
use export::id::{ChunkId, ExportId, TenantId};
use export::layout::Hive;
use export::manifest::DatasetHead;
use export::plan::{Plan, PlannedChunk, Target};
use export::selection::Selection;
use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use super::super::connection::{Statement, Tx, sql};
use super::super::error::StoreError;
use super::super::ranges::{to_columns, uuids};
use super::NewExport;
use super::snapshot::Spans;
use ports::random;

/// Gap between the ordinals of two links, shared out among the children of a split. It suffices for eight levels of
/// splits if the number of children doubles from 5 to 64. Below that ordinals repeat, and the order is decided by the
/// chunk's id.
pub(in super::super) const ROOM: i64 = 1 << 40;

/// Reused chunks that count as one new chunk for the limit of chunks per minute: a new one is stored with its link and is
/// read later, a reused one adds only a link.
const REUSED_PER_NEW: usize = 4;

/// Outcome of inserting an export.
pub(super) enum Outcome {
    /// It is inserted. `read` are the chunks of its plan that are read already.
    Accepted { read: Vec<ChunkId> },
    /// The plan no longer holds, a limit is reached, or an earlier export has the key.
    Decide,
    /// Another catalog is in force.
    Catalog,
}

/// Returns the statement that inserts the export if its plan still holds. `usable` are the chunks that the plan was
/// allowed to reuse at time `now` (microseconds), or `None` if the caller has locked them. The caller has locked the
/// tenant's row when it runs. Until its transaction ends no other catalog can be applied (`in_force.sql`).
pub(super) fn export(
    new: &NewExport,
    plan: &Plan,
    usable: Option<Vec<ChunkId>>,
    now: i64,
) -> Statement<'static> {
    let Spans { fingerprints, starts, ends } = Spans::new(new.shareable());
    let key = new.idempotency.as_ref();
    let (mut reused, mut links) = (Vec::new(), 0_usize);
    for (_, chunk) in plan.chunks() {
        links += 1;
        reused.extend(chunk.reused);
    }
    let to_pay = links - reused.len() + reused.len().div_ceil(REUSED_PER_NEW);
    let heads: Vec<_> = new.targets.iter().map(DatasetHead::new).collect();
    let signed = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    sql(include_str!("../../sql/accept/accept.sql"))
        .bind(new.tenant.as_str().to_owned())
        .bind(key.map(|i| i.key.clone()))
        .bind(key.map(|i| i.body_sha256.to_vec()))
        .bind(key.map(|i| i.sent_sha256.to_vec()))
        .bind(fingerprints)
        .bind(starts)
        .bind(ends)
        .bind(new.reuse.read_since(now))
        .bind(usable.map(|usable| uuids(&usable)))
        .bind(uuids(&reused))
        .bind(reused.len() < links)
        .bind(new.id.uuid())
        .bind(new.request.clone())
        .bind(new.revision_id.clone())
        .bind(Json(heads))
        .bind(i64::from(new.deadline_secs))
        .bind(signed(links))
        .bind(signed(to_pay))
}

impl Outcome {
    /// Runs the statement of [`export()`].
    pub(super) async fn of(tx: &mut Tx, export: Statement<'_>) -> Result<Self, StoreError> {
        let row = tx.one(export).await?;
        match row.try_get("outcome")? {
            "accepted" => {
                let read: Vec<Uuid> = row.try_get("read")?;
                Ok(Self::Accepted { read: read.into_iter().map(ChunkId::from).collect() })
            }
            "decide" => Ok(Self::Decide),
            "catalog" => Ok(Self::Catalog),
            other => Err(StoreError::unreadable("outcome", format!("accept() returned {other:?}"))),
        }
    }
}

/// A planned chunk with its position in the export.
pub(in super::super) struct Numbered<'a> {
    pub(in super::super) chunk: PlannedChunk,
    pub(in super::super) target: &'a Target,
    pub(in super::super) id: ChunkId,
    pub(in super::super) ordinal: i64,
}

pub(in super::super) fn number<'a>(plan: &Plan, targets: &'a [Target], first: i64) -> Vec<Numbered<'a>> {
    let place = |(i, (dataset, chunk)): (usize, (usize, &PlannedChunk))| Numbered {
        chunk: *chunk,
        target: &targets[dataset],
        id: chunk.reused.unwrap_or_else(|| ChunkId::from_random(random::bytes())),
        ordinal: first + i as i64 * ROOM,
    };
    plan.chunks().enumerate().map(place).collect()
}

/// Returns the naming of files of a selection in an export with that layout.
pub(in super::super) fn naming(selection: &Selection, hive: Option<Hive>) -> Naming<'_> {
    let sample = selection.limit.is_some();
    Naming { dataset: &selection.dataset, extension: selection.output.extension(), sample, hive }
}

/// Inserts selections, new chunks and links to all planned chunks, in one statement.
pub(in super::super) async fn insert_chunks(
    tx: &mut Tx,
    export: ExportId,
    tenant: &TenantId,
    chunks: &[Numbered<'_>],
    traceparent: Option<&str>,
    consistency: Consistency,
) -> Result<(), StoreError> {
    let read: Vec<_> = chunks.iter().filter(|p| !p.chunk.unread).map(|p| p.id).collect();
    let insert = self::chunks(export, tenant, chunks, traceparent, consistency);
    tx.run(insert.bind(uuids(&read))).await.map(|_| ())
}

/// Returns true if a part of the chunk is read through an index, or by blocks.
fn is_indexed(planned: &Numbered<'_>) -> bool {
    let estimate = &planned.target.estimate;
    estimate.indexed || !estimate.key_bounds.is_empty() || planned.chunk.range.slice().is_some()
}

/// Returns the statement that inserts selections, new chunks and links to all planned chunks. Its last parameter is not
/// bound yet: the chunks that are read already.
pub(super) fn chunks(
    export: ExportId,
    tenant: &TenantId,
    chunks: &[Numbered<'_>],
    traceparent: Option<&str>,
    consistency: Consistency,
) -> Statement<'static> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let new: Vec<_> = chunks.iter().filter(|p| p.chunk.reused.is_none()).collect();
    let selections: BTreeMap<_, _> =
        chunks.iter().map(|p| (&p.target.fingerprint.0, &p.target.selection)).collect();
    let bodies: Vec<_> = selections.values().map(Json).collect();
    let columns: Vec<_> = new.iter().map(|p| to_columns(&p.chunk.range)).collect();
    let name = |p: &Numbered<'_>| naming(&p.target.selection, p.target.hive).name(&p.chunk.range);
    let word = |hive: Option<Hive>| hive.map(Hive::as_str);
    // A chunk within one partition is never cut at the borders of partitions.
    let several = |p: &Numbered<'_>| {
        let (hive, span) = p.target.hive.zip(p.chunk.range.span())?;
        hive.is_several(&span).then_some(hive)
    };
    sql(include_str!("../../sql/accept/chunks.sql"))
        .bind(tenant.as_str().to_owned())
        .bind(selections.keys().map(|f| f.to_vec()).collect::<Vec<_>>())
        .bind(bodies)
        .bind(uuids(&new.iter().map(|p| p.id).collect::<Vec<_>>()))
        .bind(new.iter().map(|p| p.target.selection.dataset.clone()).collect::<Vec<_>>())
        .bind(new.iter().map(|p| p.target.fingerprint.0.to_vec()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.0.to_owned()).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.1).collect::<Vec<_>>())
        .bind(columns.iter().map(|c| c.2).collect::<Vec<_>>())
        .bind(new.iter().map(|p| signed(p.chunk.rows)).collect::<Vec<_>>())
        .bind(new.iter().map(|p| signed(p.chunk.bytes)).collect::<Vec<_>>())
        .bind(new.iter().map(|p| is_indexed(p)).collect::<Vec<_>>())
        .bind(export.uuid())
        .bind(uuids(&chunks.iter().map(|p| p.id).collect::<Vec<_>>()))
        .bind(chunks.iter().map(|p| p.ordinal).collect::<Vec<_>>())
        .bind(chunks.iter().map(name).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| signed(p.chunk.bytes).max(1)).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| p.chunk.reused.is_some()).collect::<Vec<_>>())
        .bind(ROOM)
        .bind(uuids(&chunks.iter().filter_map(|p| p.chunk.reused).collect::<Vec<_>>()))
        .bind(new.iter().map(|p| word(several(p))).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| word(p.target.hive)).collect::<Vec<_>>())
        .bind(traceparent.map(str::to_owned))
        .bind(new.iter().map(|p| p.chunk.checks.map(|checks| checks.uuid())).collect::<Vec<_>>())
        .bind(consistency == Consistency::Snapshot)
}
