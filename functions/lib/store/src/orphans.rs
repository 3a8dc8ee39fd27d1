//! Orphaned objects: objects to which no export will refer any more.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

/// A key prefix below which all objects must be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanPrefix {
    /// Prefix of the keys.
    pub prefix: String,
}

impl Store {
    /// Records a manifest whose export was not marked succeeded. It is deleted in a day unless an export refers to it
    /// by then.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn orphan_manifest(&self, key: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let insert = sql(include_str!("../sql/orphans/manifest.sql"));
        tx.run(insert.bind(key)).await?;
        tx.commit().await
    }

    /// Returns prefixes to sweep now, taking tenants in turn.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn due_orphans(&self, limit: i64) -> Result<Vec<OrphanPrefix>, StoreError> {
        let mut tx = self.begin().await?;
        tx.run(sql(include_str!("../sql/orphans/named.sql"))).await?;
        let rows = tx.all(sql(include_str!("../sql/orphans/due.sql")).bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(|row| Ok(OrphanPrefix { prefix: row.try_get("prefix")? })).collect()
    }

    /// Records that all objects below the prefix are deleted. A prefix that may still be written to is swept once
    /// more later.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn swept(&self, orphan: &OrphanPrefix) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.run(
            sql("delete from sluice.litter where prefix = $1 and again_after is null").bind(&orphan.prefix),
        )
        .await?;
        tx.run(sql(include_str!("../sql/orphans/again.sql")).bind(&orphan.prefix)).await?;
        tx.commit().await
    }
}
