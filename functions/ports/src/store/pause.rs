//! Pausing: nothing is failed, nothing new starts, and the clock of deadlines stands still.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

impl Store {
    /// Stops dispatching. Chunks that run run on. False if it was paused already.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn pause(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let paused = tx.run(sql("insert into sluice.setting (name, value) values ('paused_at', clock_timestamp()::text) on conflict do nothing")).await? == 1;
        tx.commit().await?;
        Ok(paused)
    }

    /// Dispatches again; deadlines of live exports move by the time that was paused. False if it was not
    /// paused.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn resume(&self) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let Some(row) =
            tx.optional(sql("delete from sluice.setting where name = 'paused_at' returning value")).await?
        else {
            tx.rollback().await?;
            return Ok(false);
        };
        let since: String = row.try_get("value")?;
        let shift = sql(
            "update sluice.export set deadline_at = deadline_at + (clock_timestamp() - greatest($1::text::timestamptz, accepted_at)) where status in ('queued', 'running')",
        );
        tx.run(shift.bind(since)).await?;
        tx.commit().await?;
        Ok(true)
    }
}
