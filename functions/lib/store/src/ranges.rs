//! Conversion of ranges and ids to and from columns.

use export::id::{ChunkId, ExportId};
use export::range::{Range, RangeKind, Slice, SliceKind, Span};
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::error::StoreError;

/// Converts a range to `(range_of, range_start, range_end)`.
pub(super) fn to_columns(range: &Range) -> (&'static str, Option<i64>, Option<i64>) {
    let of = match range {
        Range::All => "all",
        Range::Null => "null",
        Range::Slice(slice) => slice.kind.as_str(),
        Range::Span(span) => span.kind.as_str(),
    };
    let (start, end) = range.bounds().unzip();
    (of, start, end)
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
        other => {
            let kind = SliceKind::of(other).ok_or_else(|| StoreError::unreadable("range", other))?;
            let slice = Slice::new(kind, row.try_get("range_start")?, row.try_get("range_end")?);
            return slice.map(Range::Slice).ok_or_else(|| StoreError::unreadable("range", "it is empty"));
        }
    };
    let span = Span::new(kind, row.try_get("range_start")?, row.try_get("range_end")?);
    span.map(Range::Span).ok_or_else(|| StoreError::unreadable("range", "it is empty"))
}

/// Converts ids to a `uuid[]` parameter.
pub(super) fn uuids(chunks: &[ChunkId]) -> Vec<Uuid> {
    chunks.iter().map(|chunk| chunk.uuid()).collect()
}

/// Reads column `id` of all rows.
pub(super) fn ids(rows: &[PgRow]) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().map(|row| Ok(row.try_get("id")?)).collect()
}

pub(super) fn chunk_id(row: &PgRow, column: &str) -> Result<ChunkId, StoreError> {
    Ok(row.try_get::<Uuid, _>(column)?.into())
}

pub(super) fn export_id(row: &PgRow, column: &str) -> Result<ExportId, StoreError> {
    Ok(row.try_get::<Uuid, _>(column)?.into())
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

/// Reads a column of type json or jsonb. The server sends the text that a cast to text returns, so numbers are read
/// as they are written there.
pub(super) fn json<T: DeserializeOwned>(row: &PgRow, column: &'static str) -> Result<T, StoreError> {
    let Json(value) = row.try_get(column).map_err(|error| unreadable_json(column, error))?;
    Ok(value)
}

/// Reads a column of type json or jsonb that may be NULL.
pub(super) fn optional_json<T: DeserializeOwned>(
    row: &PgRow,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let value: Option<Json<T>> = row.try_get(column).map_err(|error| unreadable_json(column, error))?;
    Ok(value.map(|Json(value)| value))
}

fn unreadable_json(column: &'static str, error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::ColumnDecode { source, .. } => StoreError::unreadable(column, source),
        other => other.into(),
    }
}
