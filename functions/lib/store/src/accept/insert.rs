//! Inserts of a plan: the export, its selections, new chunks and links.

use std::collections::BTreeMap;

use export::file::Naming;
use export::id::{ChunkId, ExportId, TenantId};
use export::layout::Hive;
use export::manifest::DatasetHead;
use export::plan::{Plan, PlannedChunk, Target};
use export::selection::Selection;
use sqlx::types::Json;

use super::super::connection::{Tx, sql};
use super::super::error::StoreError;
use super::super::ranges::{to_columns, uuids};
use super::NewExport;
use ports::random;

/// Gap between the ordinals of two links, shared out among the children of a split. It suffices for eight levels of
/// splits if the number of children doubles from 5 to 64. Below that ordinals repeat, and the order is decided by the
/// chunk's id.
pub(in super::super) const ROOM: i64 = 1 << 40;

/// Reused chunks that count as one new chunk for the limit of chunks per minute: a new one is stored with its link and is
/// read later, a reused one adds only a link.
const REUSED_PER_NEW: usize = 4;

/// Inserts the export. Returns false if another catalog is in force. Until the transaction ends no other catalog can
/// be applied (`in_force.sql`).
pub(super) async fn insert_export(
    tx: &mut Tx,
    new: &NewExport,
    heads: &[DatasetHead],
    plan: &Plan,
    now: i64,
) -> Result<bool, StoreError> {
    let links = plan.chunks().count();
    let reused = plan.chunks().filter(|(_, chunk)| chunk.reused.is_some()).count();
    let to_pay = links - reused + reused.div_ceil(REUSED_PER_NEW);
    let signed = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let insert = sql(include_str!("../../sql/accept/export.sql"))
        .bind(new.id.uuid())
        .bind(new.tenant.as_str())
        .bind(&new.request)
        .bind(&new.revision_id)
        .bind(Json(heads))
        .bind(now)
        .bind(i64::from(new.deadline_secs))
        .bind(signed(links))
        .bind(signed(to_pay));
    Ok(tx.run(insert).await? == 1)
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

/// Inserts selections, new chunks and links to all planned chunks, in one statement. Returns the number of open
/// links.
pub(in super::super) async fn insert_chunks(
    tx: &mut Tx,
    export: ExportId,
    tenant: &TenantId,
    chunks: &[Numbered<'_>],
    traceparent: Option<&str>,
) -> Result<usize, StoreError> {
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
    let insert = sql(include_str!("../../sql/accept/chunks.sql"))
        .bind(tenant.as_str())
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
        .bind(new.iter().map(|p| p.target.estimate.indexed).collect::<Vec<_>>())
        .bind(export.uuid())
        .bind(uuids(&chunks.iter().map(|p| p.id).collect::<Vec<_>>()))
        .bind(chunks.iter().map(|p| p.ordinal).collect::<Vec<_>>())
        .bind(chunks.iter().map(name).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| signed(p.chunk.bytes).max(1)).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| p.chunk.reused.is_some()).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| p.chunk.unread).collect::<Vec<_>>())
        .bind(ROOM)
        .bind(uuids(&chunks.iter().filter_map(|p| p.chunk.reused).collect::<Vec<_>>()))
        .bind(new.iter().map(|p| word(several(p))).collect::<Vec<_>>())
        .bind(chunks.iter().map(|p| word(p.target.hive)).collect::<Vec<_>>())
        .bind(traceparent);
    tx.run(insert).await?;
    Ok(chunks.iter().filter(|p| p.chunk.unread).count())
}
