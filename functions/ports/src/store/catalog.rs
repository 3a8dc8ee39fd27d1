//! Applied catalogs and estimates.

use std::collections::BTreeMap;

use export::catalog::Revision;
use export::estimate::DatasetEstimate;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::narrow::{Narrowed, narrow};
use super::ranges::{json, to_json};

/// The catalog in force.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
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
        let rows = tx
            .all(sql("select dataset, body::text, sluice.micros(taken_at) as taken from sluice.estimate"))
            .await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let estimates = rows
            .iter()
            .map(|row| {
                let estimate: DatasetEstimate = json(row, "body")?;
                let taken_micros = Some(row.try_get("taken")?);
                Ok((row.try_get("dataset")?, DatasetEstimate { taken_micros, ..estimate }))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(Applied {
            revision_id: row.try_get("revision")?,
            revision: json(&row, "body")?,
            estimates,
            source: row.try_get("source")?,
        }))
    }

    /// The revision of the catalog in force; `None` before the first `catalog apply`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn revision_in_force(&self) -> Result<Option<String>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql("select revision from sluice.catalog order by applied_at desc limit 1");
        let row = tx.optional(find).await?;
        tx.commit().await?;
        row.map(|row| Ok(row.try_get("revision")?)).transpose()
    }

    /// Puts a catalog in force; answers by dataset what that made wrong. No export is accepted against the
    /// catalog before it from then on; see `narrow.rs` for those that run.
    ///
    /// Lock order: tenant rows by id, the catalog's lock, chunk rows by id.
    ///
    /// # Errors
    /// If the store cannot be reached; the catalog before it is then still in force.
    pub async fn apply_catalog(&self, applied: &Applied) -> Result<BTreeMap<String, Narrowed>, StoreError> {
        let narrowed = self.again(|| self.apply_catalog_once(applied)).await?;
        self.finish_narrowed(&narrowed).await?;
        Ok(narrowed)
    }

    async fn apply_catalog_once(&self, applied: &Applied) -> Result<BTreeMap<String, Narrowed>, StoreError> {
        let mut tx = self.begin().await?;
        // Accepts hold their tenant's row before they share the catalog's lock: those of known tenants are waited for here, so
        // that few are met below in the other order.
        tx.all(sql("select from sluice.tenant order by id for no key update")).await?;
        // A tenant that was made meanwhile has no row above, and shares this lock all the same: accepts before it are seen
        // below, those after it see the new catalog.
        tx.run(sql("select pg_advisory_xact_lock(7306012)")).await?;
        let before =
            tx.optional(sql("select source from sluice.catalog order by applied_at desc limit 1")).await?;
        let before: Option<String> = before.map(|row| row.try_get("source")).transpose()?;
        let moved = before.is_some_and(|source| source != applied.source);
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
        let narrowed = narrow(&mut tx, &applied.revision, moved).await?;
        tx.commit().await?;
        Ok(narrowed)
    }
}
