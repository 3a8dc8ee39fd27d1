//! Applied catalogs and estimates.

use std::collections::BTreeMap;

use export::catalog::Revision;
use export::estimate::{DatasetEstimate, Revalidation};
use sqlx::Row;
use sqlx::types::Json;

use super::connection::{Store, Tx, sql};
use super::error::StoreError;
use super::narrow::{Narrowed, narrow, preview};
use super::ranges::{count, json};

/// Reason why no dataset is checked while checks are turned off.
const CHECKS_OFF: &str = "the operator has turned checks off";

/// The catalog in force.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Applied {
    /// Content hash of the catalog.
    pub revision_id: String,
    /// The datasets.
    pub revision: Revision,
    /// Planner estimates of each dataset.
    pub estimates: BTreeMap<String, DatasetEstimate>,
    /// Name of the database that is read.
    pub source: String,
}

/// Outcome of putting a catalog in force, with what it invalidates per dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// The catalog is in force.
    InForce(BTreeMap<String, Narrowed>),
    /// Live exports would fail, so nothing was changed.
    Refused(BTreeMap<String, Narrowed>),
}

/// A catalog as it was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCatalog {
    /// Content hash of the catalog.
    pub revision: String,
    /// TOML as the operator wrote it; `None` if the catalog was applied before the text was kept.
    pub toml: Option<String>,
    /// Name of the database it was resolved against.
    pub source: String,
    /// Time at which it was last applied, microseconds since 1970.
    pub applied_micros: i64,
    /// True if it is the catalog in force.
    pub in_force: bool,
    /// Number of its datasets.
    pub datasets: u64,
}

impl Store {
    /// Returns the catalog in force; `None` before the first `catalog apply`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn applied_catalog(&self) -> Result<Option<Applied>, StoreError> {
        let mut tx = self.begin().await?;
        let row = tx
            .optional(sql(
                "select revision, body, source from sluice.catalog order by applied_at desc limit 1",
            ))
            .await?;
        let rows = tx.all(sql(include_str!("../sql/catalog/read_estimates.sql"))).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        let estimates = rows
            .iter()
            .map(|row| {
                let estimate: DatasetEstimate = json(row, "body")?;
                let taken_micros = Some(row.try_get("taken")?);
                let checked: bool = row.try_get("checked")?;
                let off = || Revalidation { because: Some(CHECKS_OFF.to_owned()) };
                let revalidation = if checked { estimate.revalidation } else { Some(off()) };
                let estimate = DatasetEstimate { taken_micros, revalidation, ..estimate };
                Ok((row.try_get("dataset")?, estimate))
            })
            .collect::<Result<_, StoreError>>()?;
        Ok(Some(Applied {
            revision_id: row.try_get("revision")?,
            revision: json(&row, "body")?,
            estimates,
            source: row.try_get("source")?,
        }))
    }

    /// Returns the revision of the catalog in force; `None` before the first `catalog apply`.
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

    /// Puts a catalog in force; see [`Store::put_in_force`]. Live exports may fail because of it.
    ///
    /// # Errors
    /// If the store cannot be reached; the previous catalog is then still in force.
    pub async fn apply_catalog(&self, applied: &Applied) -> Result<BTreeMap<String, Narrowed>, StoreError> {
        let (Put::InForce(narrowed) | Put::Refused(narrowed)) =
            self.put_in_force(applied, None, true).await?;
        Ok(narrowed)
    }

    /// Puts a catalog in force together with its TOML text, and returns per dataset what that invalidated. If a live
    /// export would fail, it is refused unless `may_fail` is set. From then on no export is accepted against the
    /// previous catalog; see `narrow.rs` for exports that run.
    ///
    /// Lock order: tenant rows by id, the catalog's lock, chunk rows by id.
    ///
    /// # Errors
    /// If the store cannot be reached; the previous catalog is then still in force.
    pub async fn put_in_force(
        &self,
        applied: &Applied,
        toml: Option<&str>,
        may_fail: bool,
    ) -> Result<Put, StoreError> {
        let put = self.again(|| self.put_once(applied, toml, may_fail)).await?;
        if let Put::InForce(narrowed) = &put {
            self.finish_narrowed(narrowed).await?;
        }
        Ok(put)
    }

    async fn put_once(
        &self,
        applied: &Applied,
        toml: Option<&str>,
        may_fail: bool,
    ) -> Result<Put, StoreError> {
        let mut tx = self.begin().await?;
        // Accepts hold their tenant's row before they share the catalog's lock. Known tenants are waited for here, so
        // that few are met below in the other order.
        tx.all(sql("select from sluice.tenant order by id for no key update")).await?;
        // A tenant created meanwhile has no row above, but its accepts share this lock as well: those before it are
        // read below, those after it use the new catalog.
        tx.run(sql("select pg_advisory_xact_lock(7306012)")).await?;
        let moved = is_moved(&mut tx, applied).await?;
        let insert = sql(include_str!("../sql/catalog/apply.sql"));
        let insert = insert.bind(&applied.revision_id).bind(Json(&applied.revision)).bind(&applied.source);
        tx.run(insert.bind(toml)).await?;
        tx.run(sql("delete from sluice.estimate")).await?;
        let datasets: Vec<_> = applied.estimates.keys().cloned().collect();
        let bodies: Vec<_> = applied.estimates.values().map(Json).collect();
        let insert = sql(include_str!("../sql/catalog/estimates.sql"));
        tx.run(insert.bind(datasets).bind(bodies)).await?;
        let narrowed = narrow(&mut tx, &applied.revision, moved).await?;
        if !may_fail && narrowed.values().any(|one| one.failed > 0) {
            tx.rollback().await?;
            return Ok(Put::Refused(narrowed));
        }
        tx.commit().await?;
        Ok(Put::InForce(narrowed))
    }

    /// Returns per dataset what putting a catalog in force would invalidate now. Changes and locks nothing.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn would_narrow(&self, applied: &Applied) -> Result<BTreeMap<String, Narrowed>, StoreError> {
        let mut tx = self.begin().await?;
        let moved = is_moved(&mut tx, applied).await?;
        let narrowed = preview(&mut tx, &applied.revision, moved).await?;
        tx.commit().await?;
        Ok(narrowed)
    }

    /// Returns a catalog as it was applied: the one in force, or the latest whose revision has this prefix.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn kept_catalog(&self, revision: Option<&str>) -> Result<Option<KeptCatalog>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/catalog/kept.sql"));
        let row = tx.optional(find.bind(revision.unwrap_or_default())).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(KeptCatalog {
            revision: row.try_get("revision")?,
            toml: row.try_get("toml")?,
            source: row.try_get("source")?,
            applied_micros: row.try_get("applied")?,
            in_force: row.try_get("in_force")?,
            datasets: count(&row, "datasets")?,
        }))
    }

    /// Returns the latest revisions with the time at which each was applied, in microseconds since 1970, latest
    /// first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn catalog_revisions(&self, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/catalog/revisions.sql"));
        let rows = tx.all(find.bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(|row| Ok((row.try_get("revision")?, row.try_get("applied")?))).collect()
    }
}

/// Reports whether the source is another database than that of the catalog in force.
async fn is_moved(tx: &mut Tx, applied: &Applied) -> Result<bool, StoreError> {
    let before =
        tx.optional(sql("select source from sluice.catalog order by applied_at desc limit 1")).await?;
    let before: Option<String> = before.map(|row| row.try_get("source")).transpose()?;
    Ok(before.is_some_and(|source| source != applied.source))
}
