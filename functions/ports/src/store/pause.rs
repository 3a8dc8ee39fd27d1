//! Pausing: nothing is failed, nothing new starts, and the clock of deadlines stands still.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

impl Store {
    /// Stops dispatching. Chunks that run run on; those whose message is on its way are due again, so that no
    /// worker takes them. False if it was paused already.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn pause(&self) -> Result<bool, StoreError> {
        self.again(|| self.pause_once()).await
    }

    async fn pause_once(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        // One `dispatch()` at most is under way: it is waited for, and the next one knows of the pause.
        tx.run(sql("select pg_advisory_xact_lock(7306011)")).await?;
        let paused = tx.run(sql("insert into sluice.setting (name, value) values ('paused_at', clock_timestamp()::text) on conflict do nothing")).await? == 1;
        let take_back = sql(
            "with sent as (select id from sluice.chunk where state = 'sent' for update skip locked) \
             update sluice.chunk c set state = 'due', sends = greatest(c.sends - 1, 0) from sent where c.id = sent.id",
        );
        tx.run(take_back).await?;
        tx.commit().await?;
        Ok(paused)
    }

    /// Dispatches again; deadlines of live exports move by the time that was paused, or since they were accepted
    /// or retried if that was later. False if it was not paused.
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
        // In the order of ids, as all lock them.
        tx.all(sql(
            "select from sluice.export where status in ('queued', 'running') order by id for no key update",
        ))
        .await?;
        let shift = sql(
            "update sluice.export set deadline_at = deadline_at + (clock_timestamp() - greatest($1::text::timestamptz, queued_at)) where status in ('queued', 'running')",
        );
        tx.run(shift.bind(since)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
