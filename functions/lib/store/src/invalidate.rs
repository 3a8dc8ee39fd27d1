//! Invalidation: data read earlier must not be trusted any more, or must no longer exist.

use std::collections::BTreeSet;

use export::id::{ExportId, TenantId};
use export::range::Days;
use sqlx::Row;
use uuid::Uuid;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::{count, export_id, ids};

/// Chunks per transaction. Each transaction is short, so that exports continue between them.
const BATCH: i64 = 1000;

/// Scope of an invalidation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalidation {
    /// The dataset.
    pub dataset: String,
    /// Tenant to which it is limited; `None` for all.
    pub tenant: Option<TenantId>,
    /// Days that the chunks must touch; all chunks if both ends are open.
    pub days: Days,
}

/// Counts of an invalidation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalidated {
    /// Chunks that had been read, or were being read.
    pub chunks: u64,
    /// Their files, which are deleted at the next sweep.
    pub files: u64,
    /// Ended exports that lost files; those that had succeeded are failed now.
    pub lost: BTreeSet<ExportId>,
    /// Live exports for which chunks are read again.
    pub reread: BTreeSet<ExportId>,
}

impl Store {
    /// Ensures that no data read from a dataset before this call is ever delivered again.
    ///
    /// A chunk not read yet is left alone, since it will be read after this. A chunk that was read or is being read
    /// is read again if a live export needs it; ended exports lose its file and list it as missing; its objects are
    /// deleted at the next sweep, and once more a worker timeout later. Chunks without a range column always touch
    /// the days; chunks of rows without a value there only if no day is named.
    ///
    /// Lock order: chunk rows by id, export rows by id; in transactions of some chunks each. A chunk that is read
    /// between two of these transactions was read after this call began. A live export of one cut restarts, because its
    /// snapshot is older than this call.
    ///
    /// # Errors
    /// If the store cannot be reached. What was done until then stays; calling again completes it.
    pub async fn invalidate(&self, what: &Invalidation) -> Result<Invalidated, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let leave = sql(include_str!("../sql/invalidate/cuts.sql")).bind(&what.dataset);
            tx.run(leave.bind(what.tenant.as_ref().map(TenantId::as_str))).await?;
            tx.commit().await
        })
        .await?;
        let mut all = Invalidated::default();
        let mut last = None;
        loop {
            let (batch, end) = self.again(|| self.invalidate_some(what, last)).await?;
            all.chunks += batch.chunks;
            all.files += batch.files;
            all.lost.extend(batch.lost);
            all.reread.extend(batch.reread);
            if end.is_none() {
                return Ok(all);
            }
            last = end;
        }
    }

    /// Invalidates one batch after chunk `after`. Returns the last chunk of the batch, `None` at the end.
    async fn invalidate_some(
        &self,
        what: &Invalidation,
        after: Option<Uuid>,
    ) -> Result<(Invalidated, Option<Uuid>), StoreError> {
        let mut tx = self.begin().await?;
        let chunks = lock_chunks(&mut tx, what, after).await?;
        let Some(last) = chunks.last().copied() else {
            tx.rollback().await?;
            return Ok((Invalidated::default(), None));
        };
        let lock = sql(include_str!("../sql/invalidate/exports.sql"));
        tx.all(lock.bind(&chunks)).await?;
        // Everything below is decided under the locks and by later snapshots.
        let files = sql(include_str!("../sql/invalidate/files.sql"));
        let files = count(&tx.one(files.bind(&chunks)).await?, "files")?;
        let lost = exports(&mut tx, include_str!("../sql/invalidate/lost.sql"), &chunks).await?;
        let reread = exports(&mut tx, include_str!("../sql/invalidate/reread.sql"), &chunks).await?;
        tx.run(sql(include_str!("../sql/invalidate/unlinked.sql")).bind(&chunks)).await?;
        tx.commit().await?;
        Ok((Invalidated { chunks: chunks.len() as u64, files, lost, reread }, Some(last)))
    }

    /// Returns the reason why a file that an export once had is gone; `None` if the export never had it, or does not
    /// have it yet.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn invalidated_file(
        &self,
        tenant: &TenantId,
        export: ExportId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/invalidate/reason.sql"));
        let row = tx.optional(find.bind(export.uuid()).bind(tenant.as_str()).bind(name)).await?;
        tx.commit().await?;
        row.map(|row| Ok(row.try_get("message")?)).transpose()
    }
}

async fn lock_chunks(tx: &mut Tx, what: &Invalidation, after: Option<Uuid>) -> Result<Vec<Uuid>, StoreError> {
    let spans = if what.days.is_all() { Vec::new() } else { what.days.spans().to_vec() };
    let lock = sql(include_str!("../sql/invalidate/chunks.sql"))
        .bind(&what.dataset)
        .bind(what.tenant.as_ref().map(TenantId::as_str))
        .bind(spans.iter().map(|s| s.kind.as_str()).collect::<Vec<_>>())
        .bind(spans.iter().map(|s| s.start).collect::<Vec<_>>())
        .bind(spans.iter().map(|s| s.end).collect::<Vec<_>>())
        .bind(after)
        .bind(BATCH);
    ids(&tx.all(lock).await?)
}

/// Runs a statement over the chunks and returns the exports it affected.
async fn exports(
    tx: &mut Tx,
    statement: &'static str,
    chunks: &[Uuid],
) -> Result<BTreeSet<ExportId>, StoreError> {
    tx.all(sql(statement).bind(chunks)).await?.iter().map(|row| export_id(row, "id")).collect()
}
