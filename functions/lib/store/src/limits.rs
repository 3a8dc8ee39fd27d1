//! Limits of a tenant, as its clients see them.

use export::id::TenantId;
use export::wire::{DailyQuota, Quota};
use sqlx::Row;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::count;

/// Limits of a tenant that the store enforces, and what the tenant uses of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreLimits {
    /// Exports that have their turn: MaxActiveExports.
    pub active: Quota,
    /// Exports that wait for it: MaxQueuedExports.
    pub queued: Quota,
    /// Exports that are kept: MaxKeptExports.
    pub kept_exports: Quota,
    /// Their chunks: MaxKeptChunks.
    pub kept_chunks: Quota,
    /// Bytes of their requests: MaxKeptRequestMegabytes.
    pub kept_bytes: Quota,
    /// Chunks per minute of accepted exports: MaxChunksPerMinute; 0 means no limit.
    pub chunks_per_minute: u64,
    /// Seconds for which files are kept after the end of their export.
    pub retention_secs: u64,
    /// Rows of this day: MaxRowsPerDay.
    pub rows: DailyQuota,
    /// Megabytes of this day: MaxMegabytesPerDay.
    pub megabytes: DailyQuota,
    /// Seconds of this day during which the source was read: MaxDatabaseSecondsPerDay.
    pub database_seconds: DailyQuota,
    /// Time at which the next day of UTC begins, microseconds since 1970.
    pub day_ends_micros: i64,
}

impl Store {
    /// Returns the limits of a tenant, and what it uses of them.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn limits(&self, tenant: &TenantId) -> Result<StoreLimits, StoreError> {
        let mut tx = self.begin().await?;
        let find = sql(include_str!("../sql/limits/of_tenant.sql"));
        let row = tx.one(find.bind(tenant.as_str())).await?;
        tx.commit().await?;
        let quota = |used, maximum| {
            Ok::<_, StoreError>(Quota { used: count(&row, used)?, maximum: count(&row, maximum)? })
        };
        let daily = |used, maximum| {
            let maximum = Some(count(&row, maximum)?).filter(|max| *max > 0);
            Ok::<_, StoreError>(DailyQuota { used: count(&row, used)?, maximum })
        };
        Ok(StoreLimits {
            active: quota("active", "max_active")?,
            queued: quota("queued", "max_queued")?,
            kept_exports: quota("kept_exports", "max_kept_exports")?,
            kept_chunks: quota("kept_chunks", "max_kept_chunks")?,
            kept_bytes: quota("kept_bytes", "max_kept_bytes")?,
            chunks_per_minute: count(&row, "max_chunks_per_minute")?,
            retention_secs: count(&row, "retention_secs")?,
            rows: daily("rows_used", "max_rows")?,
            megabytes: daily("megabytes_used", "max_megabytes")?,
            database_seconds: daily("seconds_used", "max_seconds")?,
            day_ends_micros: row.try_get("day_ends")?,
        })
    }
}
