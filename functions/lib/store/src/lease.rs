//! Leases of chunks: start, renewal and the note made before reading.

use export::attempt::Attempt;
use export::id::ChunkId;
use export::layout::Hive;
use export::proof::{Check, Proof};
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::{Json, Uuid};

use super::connection::{Store, sql};
use super::cut::cut_read;
use super::error::StoreError;
use super::ranges::{count, from_row, json, optional_json};

/// State of the source determined by the worker before it reads, in the COPY's own transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadNote {
    /// Time of the source, microseconds since 1970. The snapshot is not older.
    pub as_of_micros: i64,
    /// Everything that began before this time is visible, except for what `settle_after` allows; `None` if it is
    /// unknown.
    pub horizon_micros: Option<i64>,
    /// Proof from which a later check can find that nothing has changed; `None` if that cannot be proven.
    pub proof: Option<Proof>,
}

/// Outcome of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The note is stored.
    Reading,
    /// The note is stored, and a back-off ended with it: other chunks may be dispatched.
    Resumed,
    /// The attempt is no longer the current one.
    Fenced,
}

impl Store {
    /// Starts the next attempt of a chunk that was sent. Returns `None` if the chunk is in any other state, which is
    /// how repeated or late messages are discarded.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn lease(&self, chunk: ChunkId, lease_secs: u32) -> Result<Option<Attempt>, StoreError> {
        self.again(|| self.lease_once(chunk, lease_secs)).await
    }

    async fn lease_once(&self, chunk: ChunkId, lease_secs: u32) -> Result<Option<Attempt>, StoreError> {
        let mut tx = self.begin().await?;
        let lease =
            sql(include_str!("../sql/lease/lease.sql")).bind(chunk.uuid()).bind(i64::from(lease_secs));
        let Some(row) = tx.optional(lease).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        let start = sql(include_str!("../sql/lease/start.sql"));
        tx.run(start.bind(chunk.uuid())).await?;
        tx.commit().await?;
        Ok(Some(Attempt {
            chunk,
            number: u32::try_from(row.try_get::<i32, _>("attempt")?)
                .map_err(|e| StoreError::unreadable("attempt", e))?,
            tenant: row
                .try_get::<String, _>("tenant")?
                .parse()
                .map_err(|e| StoreError::unreadable("tenant", e))?,
            selection: json(&row, "selection")?,
            range: from_row(&row)?,
            planned_bytes: count(&row, "planned_bytes")?,
            indexed: row.try_get("indexed")?,
            failures: u32::try_from(row.try_get::<i32, _>("failures")?)
                .map_err(|e| StoreError::unreadable("failures", e))?,
            waited_ms: count(&row, "waited_ms")?,
            depth: u32::try_from(row.try_get::<i16, _>("depth")?)
                .map_err(|e| StoreError::unreadable("depth", e))?,
            parent_seen_bytes: row.try_get::<Option<i64>, _>("parent_seen")?.map(i64::unsigned_abs),
            hive: row.try_get::<Option<&str>, _>("hive")?.and_then(Hive::of),
            traceparent: row.try_get("traceparent")?,
            proves: row.try_get("proves")?,
            check: check(&row)?,
            cut: cut_read(&row)?,
        }))
    }

    /// Renews the lease of an attempt. Returns false if the attempt is no longer the current one or no export needs
    /// its chunk any more: it must stop and remove its objects.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn renew(&self, chunk: ChunkId, attempt: u32, lease_secs: u32) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let renew = sql(include_str!("../sql/lease/renew.sql"))
            .bind(chunk.uuid())
            .bind(i64::from(attempt))
            .bind(i64::from(lease_secs));
        let renewed = tx.run(renew).await? == 1;
        tx.commit().await?;
        Ok(renewed)
    }

    /// Records, before the COPY starts, the time at which the chunk is read and whether all its rows are settled by
    /// then. An attempt that begins to read shows that the source is usable, so a back-off that is over is removed
    /// here, unless it concerns the bucket.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn note_read(&self, attempt: &Attempt, read: &ReadNote) -> Result<Noted, StoreError> {
        let reusable = read.horizon_micros.is_some_and(|at| attempt.is_settled_at(at));
        let mut tx = self.begin().await?;
        let note = sql(include_str!("../sql/lease/note.sql"))
            .bind(attempt.chunk.uuid())
            .bind(i64::from(attempt.number))
            .bind(read.as_of_micros)
            .bind(reusable)
            .bind(read.horizon_micros)
            .bind(read.proof.as_ref().map(Json))
            .bind(attempt.cut.as_ref().map(|cut| cut.cut.uuid()));
        let row = tx.optional(note).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(Noted::Fenced) };
        Ok(if row.try_get("resumed")? { Noted::Resumed } else { Noted::Reading })
    }
}

/// Reads the earlier chunk that an attempt checks.
fn check(row: &PgRow) -> Result<Option<Check>, StoreError> {
    let Some(chunk) = row.try_get::<Option<Uuid>, _>("check_id")? else { return Ok(None) };
    let Some(proof) = optional_json(row, "check_proof")? else { return Ok(None) };
    Ok(Some(Check {
        chunk: chunk.into(),
        attempt: u32::try_from(row.try_get::<i32, _>("check_attempt")?)
            .map_err(|e| StoreError::unreadable("attempt", e))?,
        rows: count(row, "check_rows")?,
        proof,
    }))
}
