//! How many exports a tenant may have at once: active ones, and queued ones beside them.

use export::id::TenantId;
use sqlx::Row;

use super::connection::{Tx, sql};
use super::error::StoreError;

/// The tenant has as many live exports as it may; nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{active} exports of a tenant may be active and {queued} more may be queued, and so many there are")]
pub struct Full {
    /// Exports that may be active at once: MaxActiveExports.
    pub active: u64,
    /// Exports that may be queued beside them: MaxQueuedExports.
    pub queued: u64,
}

/// Whether the tenant is full, and what its limits are. The caller holds the tenant's row.
pub(super) async fn full(tx: &mut Tx, tenant: &TenantId) -> Result<Option<Full>, StoreError> {
    let ask = sql(
        "select sluice.is_full($1) as is_full, sluice.max_active() as active, sluice.max_queued() as queued",
    );
    let row = tx.one(ask.bind(tenant.as_str())).await?;
    let number = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    let full = Full { active: number("active")?, queued: number("queued")? };
    Ok(if row.try_get("is_full")? { Some(full) } else { None })
}
