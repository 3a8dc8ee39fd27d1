//! Places of clients that wait for a change of an export. A place is a row, not a session: while a client waits, it
//! holds nothing of the store.

use export::id::TenantId;
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;

/// Maximum number of clients of one tenant that wait at the same time, over all processes of the api.
pub const MAX_WAITS: i32 = 4;

/// A place that a client has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    tenant: TenantId,
    place: i32,
    until_micros: i64,
}

impl Store {
    /// Takes a place for at most `secs` seconds; `None` if the tenant has none left.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn enter_wait(&self, tenant: &TenantId, secs: u64) -> Result<Option<Place>, StoreError> {
        let mut tx = self.begin().await?;
        let enter = sql(include_str!("../sql/wait/enter.sql"))
            .bind(tenant.as_str())
            .bind(MAX_WAITS)
            .bind(i64::try_from(secs).unwrap_or(i64::MAX));
        let row = tx.optional(enter).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Place {
            tenant: tenant.clone(),
            place: row.try_get("place")?,
            until_micros: row.try_get("until")?,
        }))
    }

    /// Frees a place.
    ///
    /// # Errors
    /// If the store cannot be reached. The place is then free when its time is over.
    pub async fn leave_wait(&self, place: &Place) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let leave = sql(include_str!("../sql/wait/leave.sql"));
        tx.run(leave.bind(place.tenant.as_str()).bind(place.place).bind(place.until_micros)).await?;
        tx.commit().await?;
        Ok(())
    }
}
