//! Backing off: the source is too busy for another COPY. Nothing has failed, and nothing goes out for a while.

use export::chunk::{Failure, Usage};
use export::id::ChunkId;
use export::load::{Excess, Signal};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::outcome::end_attempt;

/// Why no chunk is started, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// What was found.
    pub excess: Excess,
    /// When a chunk is tried again, microseconds since 1970.
    pub until_micros: i64,
}

impl Store {
    /// Gives a chunk back that its worker found the source too busy for. It is due when the back-off ends,
    /// its failures stay as they are, and until then `dispatch()` lets nothing out. The back-off doubles each
    /// time it is found anew when its time was over. `None` if the attempt is no longer the current one.
    ///
    /// Lock order: the back-off, then the chunk.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out.
    pub async fn back_off(
        &self,
        chunk: ChunkId,
        attempt: u32,
        excess: &Excess,
        usage: &Usage,
    ) -> Result<Option<BackOff>, StoreError> {
        self.again(|| async {
            let mut tx = self.begin().await?;
            let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
            let note = sql(include_str!("back_off/note.sql"))
                .bind(excess.signal.as_str())
                .bind(number(excess.seen))
                .bind(number(excess.allowed));
            tx.run(note).await?;
            let give_back =
                sql(include_str!("back_off/give_back.sql")).bind(chunk.to_string()).bind(i64::from(attempt));
            let Some(row) = tx.optional(give_back).await? else {
                tx.rollback().await?;
                return Ok(None);
            };
            let why =
                Failure { code: excess.signal.as_str().into(), message: excess.to_string(), again: true };
            end_attempt(&mut tx, chunk, attempt, "backed_off", Some(&why), usage).await?;
            tx.commit().await?;
            read(&row)
        })
        .await
    }
}

/// Reads the back-off that stands in a row; `None` where there is none.
pub(super) fn read(row: &PgRow) -> Result<Option<BackOff>, StoreError> {
    let Some(signal) = row.try_get::<Option<String>, _>("signal")? else { return Ok(None) };
    let number = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    let signal: Signal = signal.parse().map_err(|e| StoreError::unreadable("signal", e))?;
    Ok(Some(BackOff {
        excess: Excess { signal, seen: number("seen")?, allowed: number("allowed")? },
        until_micros: row.try_get("until")?,
    }))
}
