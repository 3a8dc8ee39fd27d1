//! Secret that seals entries of the shared cache. It is created by a migration, so only processes that can read the
//! store can create a valid entry; access to the cache alone does not suffice.

use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

impl Store {
    /// Returns the secret that seals cached entries.
    ///
    /// # Errors
    /// If the store cannot be reached, or was never migrated.
    pub async fn cache_seal(&self) -> Result<[u8; 32], StoreError> {
        let mut tx = self.begin().await?;
        let row = tx
            .one(sql("select pg_catalog.decode(value, 'hex') as seal from sluice.setting where name = 'cache_seal'"))
            .await?;
        tx.commit().await?;
        let seal: Vec<u8> = row.try_get("seal")?;
        seal.try_into().map_err(|_| StoreError::unreadable("cache seal", "it has the wrong length"))
    }
}
