//! Invalidation: what was read before is not to be trusted, or not to exist any more.

use std::collections::BTreeSet;

use export::id::{ExportId, TenantId};
use export::range::Days;
use sqlx::Row;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::{count, export_id};

/// Chunks taken in one transaction; each is short, so that exports go on between them.
const BATCH: i64 = 1000;

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalidation {
    /// The dataset.
    pub dataset: String,
    /// Of one tenant only.
    pub tenant: Option<TenantId>,
    /// Chunks that touch these days; all where both ends are open.
    pub days: Days,
}

/// What an invalidation did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invalidated {
    /// Chunks that had been read, or were being read.
    pub chunks: u64,
    /// Their files, which are deleted at the next sweep.
    pub files: u64,
    /// Ended exports that lost files; those that had succeeded are failed now.
    pub lost: BTreeSet<ExportId>,
    /// Live exports for which chunks are read anew.
    pub anew: BTreeSet<ExportId>,
}

impl Store {
    /// Makes sure that nothing that was read of a dataset before this call is ever given out again.
    ///
    /// A chunk not read yet is left alone: it will be read after this. One that was read, or is being read,
    /// is read anew where a live export wants it; ended exports lose its file and list it as missing; and
    /// its objects are deleted at the next sweep, once more a worker timeout later. Chunks without a range
    /// column always touch the days; those of rows without a value there only when no day is named.
    ///
    /// Lock order: chunk rows by id, export rows by id; in transactions of some chunks each. A chunk that is
    /// read between two of them was read after this call began.
    ///
    /// # Errors
    /// If the store cannot be reached. What was done until then stays; calling again does the rest.
    pub async fn invalidate(&self, what: &Invalidation) -> Result<Invalidated, StoreError> {
        let mut all = Invalidated::default();
        let mut last = None;
        loop {
            let (batch, end) = self.again(|| self.invalidate_some(what, last.clone())).await?;
            all.chunks += batch.chunks;
            all.files += batch.files;
            all.lost.extend(batch.lost);
            all.anew.extend(batch.anew);
            if end.is_none() {
                return Ok(all);
            }
            last = end;
        }
    }

    /// One batch behind chunk `after`; answers the last chunk of it, `None` at the end.
    async fn invalidate_some(
        &self,
        what: &Invalidation,
        after: Option<String>,
    ) -> Result<(Invalidated, Option<String>), StoreError> {
        let mut tx = self.begin().await?;
        let chunks = lock_chunks(&mut tx, what, after).await?;
        let Some(last) = chunks.last().cloned() else {
            tx.rollback().await?;
            return Ok((Invalidated::default(), None));
        };
        let lock = sql(
            "select from sluice.export e where e.id in (select export_id from sluice.link where chunk_id = any ($1::text[]::uuid[])) order by e.id for no key update",
        );
        tx.all(lock.bind(&chunks)).await?;
        // All is decided from here on, under the locks and by later snapshots.
        let files = sql(
            "select count(*) as files from sluice.chunk where id = any ($1::text[]::uuid[]) and state = 'done' and sha256 is not null",
        );
        let files = count(&tx.one(files.bind(&chunks)).await?, "files")?;
        let lost = exports(&mut tx, include_str!("invalidate/lost.sql"), &chunks).await?;
        let anew = exports(&mut tx, include_str!("invalidate/anew.sql"), &chunks).await?;
        tx.run(sql(include_str!("invalidate/unlinked.sql")).bind(&chunks)).await?;
        tx.commit().await?;
        Ok((Invalidated { chunks: chunks.len() as u64, files, lost, anew }, Some(last)))
    }

    /// Why a file that an export once had is there no more; `None` if it never had it, or only does not
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
        let find = sql(
            "select m.failure ->> 'message' as message from sluice.export e join sluice.missing m on m.export_id = e.id \
             where e.id = $1::text::uuid and e.tenant = $2 and m.name = $3",
        );
        let row = tx.optional(find.bind(export.to_string()).bind(tenant.as_str()).bind(name)).await?;
        tx.commit().await?;
        row.map(|row| Ok(row.try_get("message")?)).transpose()
    }
}

async fn lock_chunks(
    tx: &mut Tx,
    what: &Invalidation,
    after: Option<String>,
) -> Result<Vec<String>, StoreError> {
    let spans = if what.days.is_all() { Vec::new() } else { what.days.spans().to_vec() };
    let lock = sql(include_str!("invalidate/chunks.sql"))
        .bind(&what.dataset)
        .bind(what.tenant.as_ref().map(TenantId::as_str))
        .bind(spans.iter().map(|s| s.kind.as_str()).collect::<Vec<_>>())
        .bind(spans.iter().map(|s| s.start).collect::<Vec<_>>())
        .bind(spans.iter().map(|s| s.end).collect::<Vec<_>>())
        .bind(after)
        .bind(BATCH);
    tx.all(lock).await?.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

/// Runs a statement over the chunks that answers the exports it concerned.
async fn exports(
    tx: &mut Tx,
    statement: &'static str,
    chunks: &[String],
) -> Result<BTreeSet<ExportId>, StoreError> {
    tx.all(sql(statement).bind(chunks)).await?.iter().map(|row| export_id(row, "id")).collect()
}
