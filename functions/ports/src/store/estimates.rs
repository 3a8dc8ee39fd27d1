//! Estimates that the sweeper takes anew, one dataset at a time.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{json, to_json};

/// A dataset whose estimates are the oldest.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// Its name.
    pub name: String,
    /// As it was applied.
    pub dataset: Dataset,
    /// Its estimates so far.
    pub estimate: DatasetEstimate,
    /// The catalog that it is of.
    revision_id: String,
}

impl Store {
    /// The dataset that was not looked at for the longest time, if that is `older_than_secs` ago; none while
    /// a chunk is sent or running, all is paused, or all chunks are held back: it then has other things to do, or shall
    /// rest.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn stale_estimate(&self, older_than_secs: u32) -> Result<Option<Stale>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(
            "select e.dataset, e.body::text, c.revision, (c.body -> 'datasets' -> e.dataset)::text as definition \
             from sluice.estimate e, (select revision, body from sluice.catalog order by applied_at desc limit 1) c \
             where e.tried_at < clock_timestamp() - $1::bigint * interval '1 second' and c.body -> 'datasets' ? e.dataset \
               and not exists (select from sluice.chunk where state in ('sent', 'running')) \
               and not exists (select from sluice.setting where name = 'paused_at') and not exists (select from sluice.back_off where until > clock_timestamp()) \
             order by e.tried_at, e.dataset limit 1",
        );
        let row = tx.optional(find.bind(i64::from(older_than_secs))).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Stale {
            name: row.try_get("dataset")?,
            dataset: json(&row, "definition")?,
            estimate: json(&row, "body")?,
            revision_id: row.try_get("revision")?,
        }))
    }

    /// Keeps new estimates of a dataset, or without any notes that it was looked at. False if another
    /// catalog is in force by now.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn keep_estimate(
        &self,
        stale: &Stale,
        new: Option<&DatasetEstimate>,
    ) -> Result<bool, StoreError> {
        let body = new.map(to_json).transpose()?;
        let mut tx = self.begin().await?;
        let keep = sql(
            "update sluice.estimate set tried_at = clock_timestamp(), body = coalesce($3::text::jsonb, body), \
               taken_at = case when $3::text is null then taken_at else clock_timestamp() end \
             where dataset = $1 and (select revision from sluice.catalog order by applied_at desc limit 1) = $2",
        );
        let kept = tx.run(keep.bind(&stale.name).bind(&stale.revision_id).bind(body)).await? == 1;
        tx.commit().await?;
        Ok(kept)
    }
}
