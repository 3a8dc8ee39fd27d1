//! Conversion of ranges and ids to and from columns.

use export::id::{ChunkId, ExportId};
use export::range::{Range, RangeKind, Span};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::error::StoreError;

/// Converts a range to `(range_of, range_start, range_end)`.
pub(super) fn to_columns(range: &Range) -> (&'static str, Option<i64>, Option<i64>) {
    match range {
        Range::All => ("all", None, None),
        Range::Null => ("null", None, None),
        Range::Span(span) => (span.kind.as_str(), Some(span.start), Some(span.end)),
    }
}

/// Reads `range_of`, `range_start`, `range_end` of a row.
pub(super) fn from_row(row: &PgRow) -> Result<Range, StoreError> {
    let of: String = row.try_get("range_of")?;
    let kind = match of.as_str() {
        "all" => return Ok(Range::All),
        "null" => return Ok(Range::Null),
        "date" => RangeKind::Date,
        "wall" => RangeKind::Wall,
        "instant" => RangeKind::Instant,
        other => return Err(StoreError::unreadable("range", other)),
    };
    let span = Span::new(kind, row.try_get("range_start")?, row.try_get("range_end")?);
    span.map(Range::Span).ok_or_else(|| StoreError::unreadable("range", "it is empty"))
}

/// Converts ids to text; the statements cast the array to `uuid[]`.
pub(super) fn texts<T: ToString>(ids: &[T]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

pub(super) fn chunk_id(row: &PgRow, column: &str) -> Result<ChunkId, StoreError> {
    row.try_get::<String, _>(column)?.parse().map_err(|e| StoreError::unreadable("chunk id", e))
}

pub(super) fn export_id(row: &PgRow, column: &str) -> Result<ExportId, StoreError> {
    row.try_get::<String, _>(column)?.parse().map_err(|e| StoreError::unreadable("export id", e))
}

/// Reads a count. Counts are bigint in the store and never negative.
pub(super) fn count(row: &PgRow, column: &str) -> Result<u64, StoreError> {
    u64::try_from(row.try_get::<i64, _>(column)?).map_err(|e| StoreError::unreadable("count", e))
}

/// Reads a count that may be NULL.
pub(super) fn optional_count(row: &PgRow, column: &str) -> Result<Option<u64>, StoreError> {
    let found: Option<i64> = row.try_get(column)?;
    found.map(|n| u64::try_from(n).map_err(|e| StoreError::unreadable("count", e))).transpose()
}

/// Reads a column of JSON that was selected as text.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &PgRow,
    column: &'static str,
) -> Result<T, StoreError> {
    serde_json::from_str(row.try_get(column)?).map_err(|e| StoreError::unreadable(column, e))
}

/// Reads an optional column of JSON that was selected as text.
pub(super) fn optional_json<T: serde::de::DeserializeOwned>(
    row: &PgRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|t| serde_json::from_str(&t).map_err(|e| StoreError::unreadable(column, e))).transpose()
}

/// Writes a value as JSON text for a `$n::jsonb` parameter.
pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::unreadable("value", e))
}
