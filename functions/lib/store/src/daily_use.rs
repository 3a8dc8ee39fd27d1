//! Use by each tenant, counted per day of UTC.

use export::id::TenantId;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Store, sql};
use super::error::StoreError;
use super::ranges::count;

/// Use by one tenant on one day. It is kept for 400 days.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DailyUse {
    /// Day of UTC, such as `2024-01-31`.
    pub day: String,
    /// The tenant.
    pub tenant: String,
    /// Exports that were accepted or retried.
    pub exports: u64,
    /// Chunks that were read.
    pub chunks: u64,
    /// Rows of these chunks.
    pub rows: u64,
    /// Bytes that the source sent for them.
    pub source_bytes: u64,
    /// Bytes of their files.
    pub file_bytes: u64,
    /// Time during which the source was read, in milliseconds, with the attempts that failed.
    pub database_ms: u64,
}

/// Days for which use is kept.
const KEPT_DAYS: u16 = 400;

impl Store {
    /// Returns the use of the days from `first` (by default 30 days ago) to `last` (inclusive, by default today), such as
    /// `2024-01-31`, of a tenant or of all. Days without use are left out.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn daily_use(
        &self,
        first: Option<&str>,
        last: Option<&str>,
        tenant: Option<&TenantId>,
    ) -> Result<Vec<DailyUse>, StoreError> {
        let mut tx = self.begin().await?;
        let read = sql(include_str!("../sql/use/days.sql"));
        let rows = tx.all(read.bind(first).bind(last).bind(tenant.map(TenantId::as_str))).await?;
        tx.commit().await?;
        rows.iter().map(day).collect()
    }

    /// Deletes up to `limit` rows of days that are longer ago than use is kept. Returns their number.
    ///
    /// # Errors
    /// If the store cannot be reached.
    pub async fn forget_old_use(&self, limit: i64) -> Result<u64, StoreError> {
        let mut tx = self.begin().await?;
        let forget = sql(include_str!("../sql/use/forget.sql"));
        let forgotten = tx.run(forget.bind(i64::from(KEPT_DAYS)).bind(limit)).await?;
        tx.commit().await?;
        Ok(forgotten)
    }
}

fn day(row: &PgRow) -> Result<DailyUse, StoreError> {
    Ok(DailyUse {
        day: row.try_get("day")?,
        tenant: row.try_get("tenant")?,
        exports: count(row, "exports")?,
        chunks: count(row, "chunks")?,
        rows: count(row, "rows")?,
        source_bytes: count(row, "source_bytes")?,
        file_bytes: count(row, "file_bytes")?,
        database_ms: count(row, "database_ms")?,
    })
}
