//! Backing off: a condition of the deployment under which no chunk can succeed now. Nothing has failed, and nothing goes out
//! for a while.

use export::chunk::{Failure, MAX_FAILURES, Usage};
use export::id::ChunkId;
use export::load::{Hold, Signal};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::outcome::{end_attempt, note_litter};
use super::ranges::count;

/// Why no chunk is started, since when, and until when. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// What was met.
    pub hold: Hold,
    /// When it was met first.
    pub since_micros: i64,
    /// When a chunk is tried again.
    pub until_micros: i64,
}

/// What became of a chunk that was given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// It is due again after so many seconds; its failures stay as they are.
    Waits {
        /// Rounded up.
        secs: u32,
    },
    /// The attempt is no longer the current one.
    Fenced,
    /// Its session broke so often while it was read that the chunk is to blame; it is not given back.
    BreaksSessions,
}

impl Store {
    /// Gives a chunk back whose attempt met a condition of the deployment. It is due when the back-off ends, its failures stay
    /// as they are, and until then `dispatch()` lets nothing out. The back-off doubles each time a condition is met when its
    /// time was over. While the store itself was away no chunk went out, so that holds nothing back.
    ///
    /// Lock order: the back-off, then the chunk.
    ///
    /// # Errors
    /// If the store cannot be reached; the lease then runs out.
    pub async fn back_off(
        &self,
        chunk: ChunkId,
        attempt: u32,
        hold: &Hold,
        usage: &Usage,
    ) -> Result<GivenBack, StoreError> {
        self.again(|| self.back_off_once(chunk, attempt, hold, usage)).await
    }

    async fn back_off_once(
        &self,
        chunk: ChunkId,
        attempt: u32,
        hold: &Hold,
        usage: &Usage,
    ) -> Result<GivenBack, StoreError> {
        let mut tx = self.begin().await?;
        let holds = hold.signal != Signal::StoreUnavailable;
        if holds {
            let note = sql(include_str!("back_off/note.sql"));
            tx.run(note.bind(hold.signal.as_str()).bind(hold.reason.clone())).await?;
        }
        let breaks = matches!(hold.signal, Signal::SourceUnavailable | Signal::SourceSessionTimeout);
        let give_back = sql(include_str!("back_off/give_back.sql"))
            .bind(chunk.to_string())
            .bind(i64::from(attempt))
            .bind(holds)
            .bind(breaks);
        let Some(row) = tx.optional(give_back).await? else {
            tx.rollback().await?;
            return Ok(GivenBack::Fenced);
        };
        if row.try_get::<i32, _>("breaks")? >= i32::try_from(MAX_FAILURES).unwrap_or(i32::MAX) {
            tx.rollback().await?;
            return Ok(GivenBack::BreaksSessions);
        }
        let why = Failure { code: hold.signal.as_str().into(), message: hold.reason.clone(), again: true };
        end_attempt(&mut tx, chunk, attempt, "backed_off", Some(&why), usage).await?;
        if left_objects(hold.signal) {
            note_litter(&mut tx, chunk).await?;
        }
        if holds {
            take_back(&mut tx).await?;
        }
        tx.commit().await?;
        let secs = count(&row, "wait_ms")?.div_ceil(1000);
        Ok(GivenBack::Waits { secs: u32::try_from(secs).unwrap_or(u32::MAX) })
    }
}

/// Whether an attempt may have begun to write before it met the condition: what it could not remove is swept.
fn left_objects(signal: Signal) -> bool {
    !matches!(
        signal,
        Signal::ActiveSessions
            | Signal::ReplicaLag
            | Signal::SourceFull
            | Signal::SourceLogin
            | Signal::SourceUrl
            | Signal::NoWorker
    )
}

async fn take_back(tx: &mut Tx) -> Result<(), StoreError> {
    tx.run(sql(include_str!("back_off/take_back.sql"))).await.map(|_| ())
}

/// Reads the back-off that stands in a row; `None` where there is none.
pub(super) fn read(row: &PgRow) -> Result<Option<BackOff>, StoreError> {
    let Some(signal) = row.try_get::<Option<String>, _>("signal")? else { return Ok(None) };
    let signal: Signal = signal.parse().map_err(|e| StoreError::unreadable("signal", e))?;
    Ok(Some(BackOff {
        hold: Hold { signal, reason: row.try_get("reason")? },
        since_micros: row.try_get("since")?,
        until_micros: row.try_get("until")?,
    }))
}
