//! Litter: objects that nobody will name any more.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

/// A beginning of keys below which everything is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Litter {
    /// The beginning of the keys.
    pub prefix: String,
}

impl Store {
    /// Remembers a manifest whose flip was lost: it is litter in a day, if no export names it then.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn litter_manifest(&self, key: &str) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let insert = sql(
            "insert into sluice.litter (prefix, sweep_at, unless_named) values ($1, clock_timestamp() + interval '1 day', true) on conflict (prefix) do nothing",
        );
        tx.run(insert.bind(key)).await?;
        tx.commit().await
    }

    /// Litter that is to be swept now, of the tenants in turn.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn due_litter(&self, limit: i64) -> Result<Vec<Litter>, StoreError> {
        let mut tx = self.begin().await?;
        tx.run(sql("delete from sluice.litter l where l.unless_named and l.sweep_at <= clock_timestamp() and exists (select from sluice.export e where e.manifest_key = l.prefix)")).await?;
        let rows = tx.all(sql(include_str!("litter/due.sql")).bind(limit)).await?;
        tx.commit().await?;
        rows.iter().map(|row| Ok(Litter { prefix: row.try_get("prefix")? })).collect()
    }

    /// Notes that all below the prefix is deleted; what may still be written to is swept once more later.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn swept(&self, litter: &Litter) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        tx.run(
            sql("delete from sluice.litter where prefix = $1 and again_after is null").bind(&litter.prefix),
        )
        .await?;
        tx.run(sql("update sluice.litter set sweep_at = clock_timestamp() + again_after, again_after = null where prefix = $1 and again_after is not null").bind(&litter.prefix)).await?;
        tx.commit().await
    }
}
