//! Back-off: the response to a condition of the deployment under which no chunk can succeed. No chunk fails, and none
//! is dispatched for a while.

use export::failure::{Failure, MAX_FAILURES};
use export::id::ChunkId;
use export::load::{Hold, Signal};
use export::state::AttemptOutcome;
use export::usage::Usage;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::outcome::{end_attempt, note_orphans};
use super::ranges::count;

/// Reason why no chunk is started, with its start and end. Times are microseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackOff {
    /// The condition that was met.
    pub hold: Hold,
    /// Time at which it was met first.
    pub since_micros: i64,
    /// Time at which a chunk is tried again.
    pub until_micros: i64,
}

/// Outcome of giving a chunk back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// The chunk is due again after this many seconds; its count of failures is unchanged.
    Waits {
        /// Seconds, rounded up.
        secs: u32,
    },
    /// The attempt is no longer the current one.
    Fenced,
    /// The session broke so often while this chunk was read that the chunk is the cause; it is not given back.
    BreaksSessions,
}

impl Store {
    /// Gives back a chunk whose attempt met a condition of the deployment. The chunk is due when the back-off ends,
    /// its count of failures is unchanged, and until then `dispatch()` sends nothing. The back-off doubles each time
    /// a condition is met after the previous back-off has ended. A store that was unreachable sets no back-off,
    /// because no chunk was dispatched meanwhile.
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
            let note = sql(include_str!("../sql/back_off/note.sql"));
            tx.run(note.bind(hold.signal.as_str()).bind(hold.reason.clone())).await?;
        }
        let breaks = matches!(hold.signal, Signal::SourceUnavailable | Signal::SourceSessionTimeout);
        let give_back = sql(include_str!("../sql/back_off/give_back.sql"))
            .bind(chunk.uuid())
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
        let why = Failure::new(hold.signal, hold.reason.clone());
        end_attempt(&mut tx, chunk, attempt, AttemptOutcome::BackedOff, Some(&why), usage).await?;
        if left_objects(hold.signal) {
            note_orphans(&mut tx, chunk).await?;
        }
        if holds {
            take_back(&mut tx).await?;
        }
        tx.commit().await?;
        let secs = count(&row, "wait_ms")?.div_ceil(1000);
        Ok(GivenBack::Waits { secs: u32::try_from(secs).unwrap_or(u32::MAX) })
    }
}

/// Reports whether an attempt may have begun to write before it met the condition. Objects it could not remove are
/// then swept.
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
    tx.run(sql(include_str!("../sql/back_off/take_back.sql"))).await.map(|_| ())
}

/// Reads the back-off from a row; `None` if there is none.
pub(super) fn read(row: &PgRow) -> Result<Option<BackOff>, StoreError> {
    let Some(signal) = row.try_get::<Option<String>, _>("signal")? else { return Ok(None) };
    let signal: Signal = signal.parse().map_err(|e| StoreError::unreadable("signal", e))?;
    Ok(Some(BackOff {
        hold: Hold { signal, reason: row.try_get("reason")? },
        since_micros: row.try_get("since")?,
        until_micros: row.try_get("until")?,
    }))
}
