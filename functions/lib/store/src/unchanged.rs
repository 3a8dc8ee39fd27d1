//! End of an attempt that found nothing changed: the file of an earlier chunk takes the place of a new one.

use export::attempt::Attempt;
use export::id::ExportId;
use export::proof::{Check, Proof};
use export::state::AttemptOutcome;
use export::usage::Usage;
use ports::fault::Point;
use sqlx::Row;
use sqlx::types::Json;
use uuid::Uuid;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::outcome::end_attempt;
use super::ranges::{export_id, uuids};

/// Outcome of linking an unchanged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linked {
    /// The exports of the chunk have the earlier file; each of them may now be finished.
    Unchanged(Vec<ExportId>),
    /// The earlier file is gone, or another one has taken its place: the attempt reads the rows.
    Gone,
    /// The attempt is no longer the current one.
    Fenced,
}

impl Store {
    /// Replaces the chunk of an attempt by the earlier chunk `check`, whose file the source has shown to be unchanged, in
    /// one fenced transaction. `now` is the proof taken before the check; the next check continues from it.
    ///
    /// Lock order: both chunk rows by id.
    ///
    /// # Errors
    /// If the store cannot be reached. Calling again is safe: links that are replaced already are confirmed.
    pub async fn link_unchanged(
        &self,
        attempt: &Attempt,
        check: &Check,
        now: &Proof,
        usage: &Usage,
    ) -> Result<Linked, StoreError> {
        self.again(|| self.link_unchanged_once(attempt, check, now, usage)).await
    }

    async fn link_unchanged_once(
        &self,
        attempt: &Attempt,
        check: &Check,
        now: &Proof,
        usage: &Usage,
    ) -> Result<Linked, StoreError> {
        let mut tx = self.begin().await?;
        let lock = sql(include_str!("../sql/unchanged/lock.sql"));
        tx.all(lock.bind(uuids(&[attempt.chunk, check.chunk]))).await?;
        let link = sql(include_str!("../sql/unchanged/link.sql"))
            .bind(attempt.chunk.uuid())
            .bind(i64::from(attempt.number))
            .bind(check.chunk.uuid())
            .bind(i64::from(check.attempt))
            .bind(Json(now));
        let row = tx.one(link).await?;
        if row.try_get("linked")? {
            let exports: Vec<Uuid> = row.try_get("exports")?;
            let outcome = AttemptOutcome::Unchanged;
            end_attempt(&mut tx, attempt.chunk, attempt.number, outcome, None, usage).await?;
            self.crash(Point::Linking);
            tx.commit().await?;
            return Ok(Linked::Unchanged(exports.into_iter().map(ExportId::from).collect()));
        }
        if row.try_get("running")? {
            tx.rollback().await?;
            return Ok(Linked::Gone);
        }
        // If the connection broke during commit, the links may already be replaced.
        let linked = sql(include_str!("../sql/unchanged/linked.sql"))
            .bind(attempt.chunk.uuid())
            .bind(i64::from(attempt.number))
            .bind(check.chunk.uuid());
        let rows = tx.all(linked).await?;
        tx.rollback().await?;
        if rows.is_empty() {
            return Ok(Linked::Fenced);
        }
        rows.iter().map(|row| export_id(row, "export_id")).collect::<Result<_, _>>().map(Linked::Unchanged)
    }

    /// Discards the proof of a chunk in which the source has shown a change: no later check of it can succeed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn discard_proof(&self, check: &Check) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let discard = sql("update sluice.chunk set proof = null where id = $1 and attempt = $2::bigint");
        tx.run(discard.bind(check.chunk.uuid()).bind(i64::from(check.attempt))).await?;
        tx.commit().await
    }
}
