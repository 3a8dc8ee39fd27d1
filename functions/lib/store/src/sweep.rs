//! Store operations of the sweeper.

use export::id::{ChunkId, ExportId, TenantId};
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{chunk_id, count, export_id, ids, uuids};

/// A chunk that no export needs: its objects are deleted, then its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletingChunk {
    /// Id of the chunk.
    pub chunk: ChunkId,
    /// Tenant it belongs to, for the prefix of its objects.
    pub tenant: TenantId,
    /// True if no attempt can write any more, so that the row may be deleted once the prefix is empty.
    pub quiet: bool,
}

/// Waiting and running work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Time for which the longest waiting chunk has been due, in milliseconds; zero if none waits. A chunk waits
    /// until a worker has leased it, not just until its message is sent.
    pub oldest_due_ms: u64,
    /// Number of chunks whose message is sent and that no worker has leased yet.
    pub sent: u64,
    /// Number of chunks being read by workers, each in one session of the source.
    pub running: u64,
}

const LOCK: &str = "select from sluice.chunk where id = any ($1) order by id for update";

impl Store {
    /// Returns live exports past their deadline; none while paused.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn past_deadline(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(include_str!("../sql/sweep/past_deadline.sql"), limit).await
    }

    /// Returns the current backlog. Chunks of queued exports count, and so do those of a paused source.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn backlog(&self) -> Result<Backlog, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/sweep/backlog.sql"));
        let row = tx.one(find).await?;
        tx.commit().await?;
        Ok(Backlog {
            oldest_due_ms: count(&row, "oldest_ms")?,
            sent: count(&row, "sent")?,
            running: count(&row, "running")?,
        })
    }

    /// Returns the number of cuts that were lost since the last call.
    ///
    /// # Errors
    /// If the store cannot be reached; the next call returns them.
    pub async fn count_lost_cuts(&self) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let lost = tx.run(sql(include_str!("../sql/sweep/lost_cuts.sql"))).await?;
        tx.commit().await?;
        Ok(lost)
    }

    /// Returns live exports without any open link: a process died before it could finish them.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn unfinished(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(include_str!("../sql/sweep/unfinished.sql"), limit).await
    }

    /// Returns ended exports whose files must be deleted.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn to_expire(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(include_str!("../sql/sweep/to_expire.sql"), limit).await
    }

    async fn export_ids(&self, statement: &'static str, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        let mut tx = self.begin().await?;
        let rows = tx.all(sql(statement).bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(|row| export_id(row, "id")).collect()
    }

    /// Returns canceled exports that never had a file, a day after: they have nothing to fetch or to explain.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn without_files(&self, limit: i64) -> Result<Vec<ExportId>, StoreError> {
        self.export_ids(include_str!("../sql/sweep/without_files.sql"), limit).await
    }

    /// Marks chunks as being deleted that no export has and that are no longer kept for reuse. Returns the number of
    /// chunks checked.
    ///
    /// Each chunk is checked once, when its retention is over: one that an export still has is released with its last
    /// link, and is not checked again.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn release_unused(&self, limit: i64) -> Result<usize, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let lock = sql(include_str!("../sql/sweep/unused.sql"));
            let rows = tx.all(lock.bind(limit)).await?;
            let chunks = ids(&rows)?;
            let found = chunks.len();
            if found == 0 {
                return tx.rollback().await.map(|()| 0);
            }
            // Decided again, since a link may have been added before the lock was acquired.
            tx.run(sql(include_str!("../sql/cancel/release.sql")).bind(&chunks)).await?;
            let looked_at = sql(include_str!("../sql/sweep/checked.sql"));
            tx.run(looked_at.bind(chunks)).await?;
            tx.commit().await.map(|()| found)
        })
        .await
    }

    /// Returns chunks that no export needs and whose objects must be deleted, taking tenants in turn: first those not
    /// emptied yet, then those whose rows may be deleted if nothing was written since.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn deleting_chunks(&self, limit: i64) -> Result<Vec<DeletingChunk>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/sweep/deleting.sql"));
        let rows = tx.all(find.bind(limit)).await?;
        tx.commit().await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(DeletingChunk {
                chunk: chunk_id(row, "id")?,
                tenant: row
                    .try_get::<String, _>("tenant")?
                    .parse()
                    .map_err(|e| StoreError::unreadable("tenant", e))?,
                quiet: row.try_get("quiet")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Records that the objects of these chunks were deleted, so that the next batch contains others.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn emptied(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // In id order, the order of all locks.
        tx.all(sql(LOCK).bind(uuids(chunks))).await?;
        let note = sql(include_str!("../sql/sweep/emptied.sql"));
        tx.run(note.bind(uuids(chunks))).await?;
        tx.commit().await
    }

    /// Removes the rows of chunks whose prefixes are empty and to which nothing can be written any more.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn forget(&self, chunks: &[ChunkId]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        // In id order, the order of all locks.
        tx.all(sql(LOCK).bind(uuids(chunks))).await?;
        let delete = sql(include_str!("../sql/sweep/forget.sql"));
        tx.run(delete.bind(uuids(chunks))).await?;
        tx.commit().await
    }

    /// Removes exports that expired 30 days ago, and at most `limit` selections without chunks. Returns the number of
    /// removed selections.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn prune(&self, limit: i64) -> Result<usize, StoreError> {
        let mut tx = self.begin().await?;
        tx.run(sql(include_str!("../sql/sweep/expired.sql"))).await?;
        tx.run(sql(include_str!("../sql/sweep/cuts.sql"))).await?;
        tx.commit().await?;
        // An accept that has just found one of these selections and then lost it gets a conflict, and so does this
        // operation in the opposite case: each retries.
        self.again(|| async {
            let mut tx = self.begin().await?;
            let delete = sql(include_str!("../sql/sweep/selections.sql"));
            let gone = tx.run(delete.bind(limit)).await?;
            tx.commit().await?;
            Ok(usize::try_from(gone).unwrap_or(usize::MAX))
        })
        .await
    }
}
