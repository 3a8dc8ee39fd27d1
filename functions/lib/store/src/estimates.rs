//! Estimates that the sweeper renews, one dataset at a time.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{json, to_json};

/// The dataset whose estimates are the oldest.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// Name of the dataset.
    pub name: String,
    /// Definition as it was applied.
    pub dataset: Dataset,
    /// Its current estimates.
    pub estimate: DatasetEstimate,
    /// Revision of its catalog.
    revision_id: String,
}

impl Store {
    /// Returns the dataset whose estimates were tried longest ago, if that was at least `older_than_secs` ago.
    /// Returns none while a chunk is sent or running, all is paused, or a back-off holds: the source then has other
    /// work or must not be loaded.
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

    /// Stores new estimates of a dataset, or without any records that they were tried. Returns false if another
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
