//! End of an attempt: its file or its failure is recorded. Both are fenced by the attempt's number.

use export::failure::{Failure, MAX_FAILURES, backoff_secs};
use export::file::FileRecord;
use export::id::{ChunkId, ExportId};
use export::state::AttemptOutcome;
use export::usage::Usage;
use sqlx::Row;
use sqlx::types::Json;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::ranges::export_id;

impl Store {
    /// Records the file of an attempt. Returns the exports of its chunk, each of which may now be finished; `None` if
    /// the attempt is no longer the current one, in which case its object must be deleted.
    ///
    /// # Errors
    /// If the store cannot be reached. Calling again is safe: a file that is recorded already is confirmed.
    pub async fn record(
        &self,
        chunk: ChunkId,
        file: &FileRecord,
        usage: &Usage,
    ) -> Result<Option<Vec<ExportId>>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let number = |n: u64| i64::try_from(n).map_err(|e| StoreError::unreadable("count", e));
            let record = sql(include_str!("../sql/outcome/record.sql"))
                .bind(chunk.uuid())
                .bind(i64::from(file.attempt))
                .bind(number(file.rows)?)
                .bind(number(file.bytes)?)
                .bind(number(file.source_bytes)?)
                .bind(&file.sha256);
            if tx.run(record).await? == 0 {
                // If the connection broke during commit, the file may already be recorded.
                let mine = sql(include_str!("../sql/outcome/recorded.sql"))
                    .bind(chunk.uuid())
                    .bind(i64::from(file.attempt))
                    .bind(&file.sha256);
                if tx.optional(mine).await?.is_none() {
                    tx.rollback().await?;
                    return Ok(None);
                }
            }
            end_attempt(&mut tx, chunk, file.attempt, AttemptOutcome::Done, None, usage).await?;
            let exports = close_links(&mut tx, chunk).await?;
            tx.commit().await?;
            Ok(Some(exports))
        })
        .await
    }

    /// Records the failure of an attempt; objects it may have left in the bucket are orphaned from now on. The chunk
    /// is due again later, or failed for good; in the latter case its exports are returned, each of which may now be
    /// finished. Returns `None` if the attempt is no longer the current one.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out, and `dispatch()` tries the chunk again.
    pub async fn fail(
        &self,
        chunk: ChunkId,
        attempt: u32,
        failure: &Failure,
        usage: &Usage,
    ) -> Result<Option<Vec<ExportId>>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let fence =
                sql(include_str!("../sql/outcome/fence.sql")).bind(chunk.uuid()).bind(i64::from(attempt));
            let Some(row) = tx.optional(fence).await? else {
                tx.rollback().await?;
                return Ok(None);
            };
            let failures = u32::try_from(row.try_get::<i32, _>("failures")?)
                .map_err(|e| StoreError::unreadable("failures", e))?
                .saturating_add(1);
            let again = failure.again && failures < MAX_FAILURES;
            let update = sql(include_str!("../sql/outcome/fail.sql"))
                .bind(chunk.uuid())
                .bind(again)
                .bind(i64::from(failures))
                .bind(Json(failure))
                .bind(i64::try_from(backoff_secs(failures)).unwrap_or(i64::MAX));
            tx.run(update).await?;
            // The retry is announced only here, where it is decided.
            let message = if again {
                format!("{}; it will be retried", failure.message)
            } else {
                failure.message.clone()
            };
            let why = Failure { message, ..failure.clone() };
            let outcome = if again { AttemptOutcome::Again } else { AttemptOutcome::Failed };
            end_attempt(&mut tx, chunk, attempt, outcome, Some(&why), usage).await?;
            // The attempt has removed its objects if the bucket allowed it. A call that seemed to fail may still have
            // been, or later be, completed by the bucket.
            note_orphans(&mut tx, chunk).await?;
            let exports = if again { Vec::new() } else { close_links(&mut tx, chunk).await? };
            tx.commit().await?;
            Ok(Some(exports))
        })
        .await
    }
}

pub(super) async fn end_attempt(
    tx: &mut Tx,
    chunk: ChunkId,
    attempt: u32,
    outcome: AttemptOutcome,
    failure: Option<&Failure>,
    usage: &Usage,
) -> Result<(), StoreError> {
    let end = sql(include_str!("../sql/outcome/attempt.sql"))
        .bind(chunk.uuid())
        .bind(i64::from(attempt))
        .bind(outcome.as_str())
        .bind(failure.map(Json))
        .bind(Json(usage));
    tx.run(end).await.map(|_| ())
}

async fn close_links(tx: &mut Tx, chunk: ChunkId) -> Result<Vec<ExportId>, StoreError> {
    let close = sql("update sluice.link set open = false where chunk_id = $1 returning export_id");
    let rows = tx.all(close.bind(chunk.uuid())).await?;
    rows.iter().map(|row| export_id(row, "export_id")).collect()
}

/// Schedules the prefix of a chunk's current attempt to be swept now, and once more when its worker can no longer
/// write.
pub(super) async fn note_orphans(tx: &mut Tx, chunk: ChunkId) -> Result<(), StoreError> {
    let orphans = sql(include_str!("../sql/outcome/orphans.sql"));
    tx.run(orphans.bind(chunk.uuid())).await.map(|_| ())
}
