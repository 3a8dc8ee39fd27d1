//! Applied catalogs and estimates.

use std::collections::BTreeMap;

use export::catalog::Revision;
use export::estimate::DatasetEstimate;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::{json, to_json};

/// The catalog in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// Its content hash.
    pub revision_id: String,
    /// The datasets.
    pub revision: Revision,
    /// What the planner believes about each of them.
    pub estimates: BTreeMap<String, DatasetEstimate>,
    /// Names the database that is read.
    pub source: String,
}

impl Store {
    /// The catalog in force; `None` before the first `catalog apply`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn applied_catalog(&self) -> Result<Option<Applied>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx
            .optional(sql(
                "select revision, body::text, source from sluice.catalog order by applied_at desc limit 1",
            ))
            .await?;
        let rows = tx.all(sql("select dataset, body::text from sluice.estimate")).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let estimates = rows
            .iter()
            .map(|row| Ok((row.try_get("dataset")?, json(row, "body")?)))
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(Applied {
            revision_id: row.try_get("revision")?,
            revision: json(&row, "body")?,
            estimates,
            source: row.try_get("source")?,
        }))
    }

    /// Puts a catalog in force.
    ///
    /// # Errors
    /// If the store cannot be reached; the catalog before it is then still in force.
    pub async fn apply_catalog(&self, applied: &Applied) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let insert = sql(
            "insert into sluice.catalog (revision, body, source, applied_at) values ($1, $2::text::jsonb, $3, clock_timestamp()) \
             on conflict (revision) do update set source = excluded.source, applied_at = excluded.applied_at",
        );
        tx.run(insert.bind(&applied.revision_id).bind(to_json(&applied.revision)?).bind(&applied.source))
            .await?;
        tx.run(sql("delete from sluice.estimate")).await?;
        let datasets: Vec<_> = applied.estimates.keys().cloned().collect();
        let bodies =
            applied.estimates.values().map(to_json::<DatasetEstimate>).collect::<Result<Vec<_>, _>>()?;
        let insert = sql(
            "insert into sluice.estimate (dataset, body) select d, b::jsonb from unnest($1::text[], $2::text[]) as u (d, b)",
        );
        tx.run(insert.bind(datasets).bind(bodies)).await?;
        tx.commit().await
    }
}
