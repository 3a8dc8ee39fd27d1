//! Finish of an export whose chunks have all ended: puts the manifest, then marks the export succeeded.

use bytes::Bytes;
use export::cut::CutPoint;
use export::estimate::Size;
use export::file::FileRecord;
use export::id::{ChunkId, ExportId, TenantId, hex};
use export::manifest::{
    ConsistencyLevel, DatasetHead, DoneChunk, MANIFEST_VERSION, Manifest, ManifestDataset, rfc3339,
};
use export::object_key::export_prefix;
use ports::fault::Point;
use ports::objects::{Meta, Objects, ObjectsError};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{chunk_id, count, export_id, from_row, json, optional_count};

/// State of an export with regard to its end.
#[derive(Debug)]
pub enum Finish {
    /// Some of its chunks are due, sent or running, or the export has ended before.
    NotYet,
    /// Nothing is left to do and some chunks are not done: the export is failed now.
    Failed,
    /// All chunks are done: a manifest can be made.
    AllDone(Box<Finished>),
}

/// Content of a manifest.
#[derive(Debug)]
pub struct Finished {
    /// Tenant that owns the export.
    pub tenant: TenantId,
    /// Revision of the catalog.
    pub revision: String,
    /// Edition of the export; see [`Store::mark_succeeded`].
    pub edition: i32,
    /// Time at which it was accepted, microseconds since 1970.
    pub accepted_micros: i64,
    /// Request of the export.
    pub request: Value,
    /// Heads of the datasets as fixed at acceptance.
    pub heads: Vec<DatasetHead>,
    /// Instant that all files show; `None` if each shows its own.
    pub cut: Option<CutPoint>,
    /// All its chunks.
    pub chunks: Vec<DoneChunk>,
}

/// An export could not be finished now; it is unchanged, and the sweeper tries again.
#[derive(Debug, thiserror::Error)]
pub enum FinishError {
    /// The store failed.
    #[error("finishing in the store failed")]
    Store(#[from] StoreError),
    /// The manifest could not be put.
    #[error("putting the manifest failed")]
    Objects(#[from] ObjectsError),
    /// The chunks do not cover the ranges of the export.
    #[error("the manifest was refused")]
    NotTiled(#[from] export::manifest::NotTiled),
    /// The files should show one instant, and do not. It cannot happen unless the store was changed by hand, or a worker
    /// of a release without cuts read a chunk; in that case no manifest is written rather than a wrong one.
    #[error("the manifest was refused: the chunk {0} shows another instant than the export's cut")]
    NotOneInstant(ChunkId),
    /// The manifest could not be written as JSON.
    #[error("writing the manifest failed")]
    Json(#[from] serde_json::Error),
}

/// Finishes `export` if none of its chunks is due, sent or running; otherwise does nothing.
///
/// Idempotent, and safe from any number of processes: the manifest's key is its hash, and only one process marks the
/// export succeeded. The other processes delete nothing. Returns true if the export has ended.
///
/// # Errors
/// If the store or the bucket cannot be reached; the export is then unchanged.
pub async fn run(store: &Store, objects: &dyn Objects, export: ExportId) -> Result<bool, FinishError> {
    let finished = match store.finish(export).await? {
        Finish::NotYet => return Ok(false),
        Finish::Failed => return Ok(true),
        Finish::AllDone(finished) => finished,
    };
    let (chunks, edition) = (finished.chunks.len(), finished.edition);
    let prefix = export_prefix(&finished.tenant, export);
    let manifest = serde_json::to_vec_pretty(&assemble(export, *finished)?)?;
    let key = format!("{prefix}{}.json", hex(&Sha256::digest(&manifest)));
    let meta = Meta {
        content_type: "application/json".into(),
        download_name: Some(format!("{export}.manifest.json")),
        immutable: false,
    };
    objects.put(&key, Bytes::from(manifest), &meta).await?;
    store.crash(Point::ManifestPut);
    if store.mark_succeeded(export, &key, edition).await? {
        tracing::info!(%export, chunks, "export succeeded");
    } else {
        store.orphan_manifest(&key).await?;
    }
    Ok(true)
}

fn assemble(export: ExportId, finished: Finished) -> Result<Manifest, FinishError> {
    let mut chunks = finished.chunks;
    if let Some(cut) = &finished.cut
        && let Some(other) = chunks.iter().find(|chunk| chunk.as_of_micros != cut.as_of_micros)
    {
        return Err(FinishError::NotOneInstant(other.id));
    }
    let mut datasets = Vec::with_capacity(finished.heads.len());
    for head in finished.heads {
        let (mine, rest) = chunks.into_iter().partition(|c| c.dataset == head.name);
        chunks = rest;
        datasets.push(ManifestDataset::assemble(head, &finished.tenant, mine)?);
    }
    Ok(Manifest {
        version: MANIFEST_VERSION,
        export,
        tenant: finished.tenant,
        revision: finished.revision,
        accepted_at: rfc3339(finished.accepted_micros),
        request: finished.request,
        rows: datasets.iter().map(|d| d.rows).sum(),
        bytes: datasets.iter().map(|d| d.bytes).sum(),
        consistency: finished.cut.as_ref().map(ConsistencyLevel::of),
        source: Some(datasets.iter().filter_map(|d| d.source).sum()),
        delivered: None,
        datasets,
    })
}

impl Store {
    /// Returns those of `exports` that are live and have nothing left to read, in one query.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn over(&self, exports: &[ExportId]) -> Result<Vec<ExportId>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/finish/over.sql"));
        let rows = tx.all(find.bind(exports.iter().map(|export| export.uuid()).collect::<Vec<_>>())).await?;
        tx.commit().await?;
        rows.iter().map(|row| export_id(row, "id")).collect()
    }

    /// Checks if an export has anything left to do; fails it if nothing is left and it is incomplete.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn finish(&self, export: ExportId) -> Result<Finish, StoreError> {
        self.again(|| self.finish_once(export)).await
    }

    async fn finish_once(&self, export: ExportId) -> Result<Finish, StoreError> {
        let mut tx = self.begin().await?;
        // The check runs without a lock first: nearly always something is open, and the process that closes the last
        // link checks again after its commit. An export found closed is decided again under the lock, by a later
        // snapshot.
        let live = sql(include_str!("../sql/finish/live.sql"));
        if tx.optional(live.bind(export.uuid())).await?.is_none() {
            tx.rollback().await?;
            return Ok(Finish::NotYet);
        }
        let find = sql(include_str!("../sql/finish/lock.sql"));
        let found = tx.optional(find.bind(export.uuid())).await?;
        let state = sql(include_str!("../sql/finish/state.sql"));
        let state = tx.one(state.bind(export.uuid())).await?;
        let row = match found {
            Some(row) if !state.try_get::<bool, _>("open")? => row,
            _ => {
                tx.rollback().await?;
                return Ok(Finish::NotYet);
            }
        };
        if state.try_get("incomplete")? {
            let fail = sql(include_str!("../sql/finish/fail.sql"));
            tx.run(fail.bind(export.uuid())).await?;
            tx.commit().await?;
            tracing::warn!(%export, "export failed");
            ports::metrics::export_failed(export);
            return Ok(Finish::Failed);
        }
        let chunks = sql(include_str!("../sql/finish/chunks.sql"));
        let rows = tx.all(chunks.bind(export.uuid())).await?;
        tx.rollback().await?;
        Ok(Finish::AllDone(Box::new(Finished {
            tenant: row
                .try_get::<String, _>("tenant")?
                .parse()
                .map_err(|e| StoreError::unreadable("tenant", e))?,
            revision: row.try_get("revision")?,
            edition: row.try_get("edition")?,
            accepted_micros: row.try_get("accepted")?,
            request: json(&row, "request")?,
            heads: json(&row, "heads")?,
            cut: cut_point(&row)?,
            chunks: rows.iter().map(done_chunk).collect::<Result<_, _>>()?,
        })))
    }

    /// Marks an export succeeded, with the manifest at `key`. Returns false if it has ended meanwhile, or if its
    /// edition is not that of the manifest: chunks were invalidated, so their files have changed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn mark_succeeded(
        &self,
        export: ExportId,
        key: &str,
        edition: i32,
    ) -> Result<bool, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let lock = sql(include_str!("../sql/finish/lock_live.sql"));
            if tx.optional(lock.bind(export.uuid())).await?.is_none() {
                // If the connection broke during commit, the export may already be marked succeeded.
                let mine = sql(
                    "select from sluice.export where id = $1 and status = 'succeeded' and manifest_key = $2",
                );
                let marked = tx.optional(mine.bind(export.uuid()).bind(key)).await?.is_some();
                tx.rollback().await?;
                return Ok(marked);
            }
            let mark = sql(include_str!("../sql/finish/mark_succeeded.sql"))
                .bind(export.uuid())
                .bind(key)
                .bind(edition);
            let marked = tx.run(mark).await? == 1;
            tx.commit().await?;
            Ok(marked)
        })
        .await
    }
}

/// Reads the instant of a cut from `cut_as_of` and `cut_lsn`.
pub(super) fn cut_point(row: &PgRow) -> Result<Option<CutPoint>, StoreError> {
    let Some(as_of_micros) = row.try_get("cut_as_of")? else { return Ok(None) };
    Ok(Some(CutPoint { as_of_micros, lsn: row.try_get("cut_lsn")? }))
}

fn done_chunk(row: &PgRow) -> Result<DoneChunk, StoreError> {
    Ok(DoneChunk {
        id: chunk_id(row, "id")?,
        dataset: row.try_get("dataset")?,
        range: from_row(row)?,
        as_of_micros: row.try_get("as_of")?,
        horizon_micros: row.try_get("horizon")?,
        reused: row.try_get("reused")?,
        unchanged: row.try_get("unchanged")?,
        planned: optional_count(row, "planned_rows")?
            .zip(optional_count(row, "planned_bytes")?)
            .map(|(rows, bytes)| Size { rows, bytes }),
        file: file_record(row)?,
    })
}

/// Reads the file of a chunk that is done.
pub(super) fn file_record(row: &PgRow) -> Result<FileRecord, StoreError> {
    Ok(FileRecord {
        attempt: u32::try_from(row.try_get::<i32, _>("attempt")?)
            .map_err(|e| StoreError::unreadable("attempt", e))?,
        rows: count(row, "rows")?,
        bytes: count(row, "bytes")?,
        source_bytes: count(row, "source_bytes")?,
        sha256: row.try_get("sha256")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finished(cut_micros: Option<i64>) -> Finished {
        let file = FileRecord { attempt: 1, rows: 0, bytes: 0, source_bytes: 0, sha256: None };
        let chunk = |as_of_micros| DoneChunk {
            id: ChunkId::from_random([1; 16]),
            dataset: "orders".into(),
            range: export::range::Range::All,
            as_of_micros,
            horizon_micros: None,
            reused: false,
            unchanged: false,
            planned: None,
            file: file.clone(),
        };
        Finished {
            tenant: "acme".parse().expect("a name"),
            revision: "r".into(),
            edition: 0,
            accepted_micros: 0,
            request: Value::Null,
            heads: Vec::new(),
            cut: cut_micros.map(|as_of_micros| CutPoint { as_of_micros, lsn: None }),
            chunks: vec![chunk(5), chunk(6)],
        }
    }

    #[test]
    fn files_of_a_cut_must_show_its_instant() {
        let export = ExportId::from_random([2; 16]);
        assert!(assemble(export, finished(None)).is_ok());
        let refused = assemble(export, finished(Some(5)));
        assert!(matches!(refused, Err(FinishError::NotOneInstant(_))), "{refused:?}");
    }
}
