//! Limits of a tenant: exports at once, exports kept, chunks per minute, and use per day.

use std::time::Duration;

use export::id::TenantId;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::connection::{Tx, sql};
use super::error::StoreError;

/// The tenant has reached its limit of live exports; nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tenant has reached its limit of {active} active and {queued} queued exports")]
pub struct Full {
    /// Maximum number of active exports: MaxActiveExports.
    pub active: u64,
    /// Maximum number of queued exports in addition: MaxQueuedExports.
    pub queued: u64,
}

impl Full {
    /// Reads `is_full`, `max_active`, `max_queued` of a row.
    pub(super) fn read(row: &PgRow) -> Result<Option<Self>, StoreError> {
        let number = |name| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
        let full = Self { active: number("max_active")?, queued: number("max_queued")? };
        Ok(if row.try_get("is_full")? { Some(full) } else { None })
    }
}

/// Returns the limits that the tenant has reached: of live exports, and of the day. The caller holds the tenant's row.
pub(super) async fn reached(
    tx: &mut Tx,
    tenant: &TenantId,
) -> Result<(Option<Full>, Option<UsedUp>), StoreError> {
    let query = sql(include_str!("../sql/turns/full.sql"));
    let row = tx.one(query.bind(tenant.as_str())).await?;
    Ok((Full::read(&row)?, UsedUp::read(&row)?))
}

/// The tenant has used up what may be read for it on one day of UTC; nothing was stored.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the tenant has reached its limit of {max} {unit} per day of UTC ({parameter})")]
pub struct UsedUp {
    /// Parameter of the deployment, such as `MaxRowsPerDay`.
    pub parameter: String,
    /// Its value.
    pub max: u64,
    /// Time until the next day.
    pub wait: Duration,
    unit: &'static str,
}

impl UsedUp {
    /// Reads `used_up`, `max_per_day` and `day_ends_secs` of a row.
    pub(super) fn read(row: &PgRow) -> Result<Option<Self>, StoreError> {
        let Some(parameter) = row.try_get::<Option<String>, _>("used_up")? else { return Ok(None) };
        let unit = match parameter.as_str() {
            "MaxRowsPerDay" => "rows",
            "MaxMegabytesPerDay" => "MB",
            _ => "seconds of reading",
        };
        let secs: f64 = row.try_get("day_ends_secs")?;
        let wait = Duration::try_from_secs_f64(secs.max(0.0))
            .map_err(|e| StoreError::unreadable("day_ends_secs", e))?;
        let max = row.try_get::<i64, _>("max_per_day")?.unsigned_abs();
        Ok(Some(Self { parameter, max, wait, unit }))
    }
}

/// The tenant has reached its limit of stored data, in exports that are live or have ended; nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Kept {
    /// Limit of exports: MaxKeptExports.
    #[error(
        "the tenant has reached its limit of {0} exports, including ended ones and those still being removed"
    )]
    Exports(u64),
    /// Limit of their chunks: MaxKeptChunks.
    #[error("the tenant has reached its limit of {0} chunks in all its exports, including ended ones")]
    Chunks(u64),
    /// Limit of the size of their requests in megabytes: MaxKeptRequestMegabytes.
    #[error(
        "the tenant has reached its limit of {0} MB for the requests of all its exports, including ended ones"
    )]
    Megabytes(u64),
}

impl Kept {
    /// Reads `kept_exports`, `kept_chunks`, `kept_bytes` and their limits of a row.
    pub(super) fn read(row: &PgRow) -> Result<Option<Self>, StoreError> {
        let number = |name| row.try_get::<i64, _>(name).map(|n| n.max(0).unsigned_abs());
        let (exports, bytes) = (number("kept_exports")?, number("kept_bytes")?);
        let (max_exports, max_bytes) = (number("max_kept_exports")?, number("max_kept_bytes")?);
        let (chunks, max_chunks) = (number("kept_chunks")?, number("max_kept_chunks")?);
        Ok(if exports >= max_exports {
            Some(Self::Exports(max_exports))
        } else if chunks >= max_chunks {
            Some(Self::Chunks(max_chunks))
        } else if bytes >= max_bytes {
            Some(Self::Megabytes(max_bytes >> 20))
        } else {
            None
        })
    }
}

/// The tenant has used up its chunks of this minute; nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("the tenant has reached its limit of {per_minute} chunks per minute in accepted exports")]
pub struct Unpaid {
    /// Maximum number of chunks per minute: MaxChunksPerMinute.
    pub per_minute: u64,
    /// Time until the next export can be accepted.
    pub wait: Duration,
}

impl Unpaid {
    /// Reads `max_chunks_per_minute` and `unpaid_secs` of a row.
    pub(super) fn read(row: &PgRow) -> Result<Option<Self>, StoreError> {
        let per_minute = row.try_get::<i64, _>("max_chunks_per_minute")?.unsigned_abs();
        let secs = row.try_get::<Option<f64>, _>("unpaid_secs")?.unwrap_or_default();
        let wait = Duration::try_from_secs_f64(secs).map_err(|e| StoreError::unreadable("unpaid_secs", e))?;
        Ok(if per_minute > 0 && !wait.is_zero() { Some(Self { per_minute, wait }) } else { None })
    }
}
