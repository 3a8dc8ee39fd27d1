//! Estimates that the sweeper renews, one dataset at a time.

use export::catalog::Dataset;
use export::estimate::DatasetEstimate;
use sqlx::Row;
use sqlx::types::Json;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::json;

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
        let find = sql(include_str!("../sql/estimates/stale.sql"));
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
        let mut tx = self.begin().await?;
        let keep = sql(include_str!("../sql/estimates/keep.sql"));
        let kept = tx.run(keep.bind(&stale.name).bind(&stale.revision_id).bind(new.map(Json))).await? == 1;
        tx.commit().await?;
        Ok(kept)
    }
}
