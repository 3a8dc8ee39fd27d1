//! Pause of all exports: nothing fails, nothing new starts, and deadlines do not advance.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

impl Store {
    /// Stops dispatching. Running chunks continue; chunks whose message is already sent are due again, so that no
    /// worker leases them. Returns false if it was paused already.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn pause(&self) -> Result<bool, StoreError> {
        self.again(|| self.pause_once()).await
    }

    async fn pause_once(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // At most one `dispatch()` runs at a time: it is waited for, and the next one reads the pause.
        tx.run(sql("select pg_advisory_xact_lock(7306011)")).await?;
        let paused = tx.run(sql(include_str!("../sql/pause/pause.sql"))).await? == 1;
        let take_back = sql(include_str!("../sql/back_off/take_back.sql"));
        tx.run(take_back).await?;
        tx.commit().await?;
        Ok(paused)
    }

    /// Resumes dispatching; deadlines of live exports move by the length of the pause, or by the time since they were
    /// accepted or retried if that was later. Returns false if it was not paused.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn resume(&self) -> Result<bool, StoreError> {
        self.again(|| self.resume_once()).await
    }

    async fn resume_once(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let Some(row) =
            tx.optional(sql("delete from sluice.setting where name = 'paused_at' returning value")).await?
        else {
            tx.rollback().await?;
            return Ok(false);
        };
        let since: String = row.try_get("value")?;
        // In id order, the order of all locks.
        tx.all(sql(
            "select from sluice.export where status in ('queued', 'running') order by id for no key update",
        ))
        .await?;
        let shift = sql(include_str!("../sql/pause/deadlines.sql"));
        tx.run(shift.bind(since)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
