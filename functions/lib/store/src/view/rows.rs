//! Rows of exports and chunks as values.

use export::failure::{Failure, FailureCode};
use export::state::{ChunkState, ExportStatus};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{ChunkDetail, ChunkError, ExportCut, ExportState, ProgressCounts};
use crate::StoreError;
use crate::back_off;
use crate::connection::{Tx, sql};
use crate::deliveries::read_delivery;
use crate::finish::{cut_point, file_record};
use crate::ranges::{chunk_id, count, export_id, from_row, json, optional_count, optional_json};

pub(super) async fn read_export(
    tx: &mut Tx,
    row: &PgRow,
    with_errors: bool,
) -> Result<ExportState, StoreError> {
    let id = export_id(row, "id")?;
    let status: ExportStatus =
        row.try_get::<String, _>("status")?.parse().map_err(|e| StoreError::unreadable("status", e))?;
    let mut progress: ProgressCounts = json(row, "progress")?;
    progress.chunks_failed += count(row, "missing")?;
    let errors = if with_errors && progress.chunks_failed > 0 {
        let find = sql(include_str!("../../sql/view/errors.sql")).bind(id.uuid());
        tx.all(find).await?.iter().map(read_error).collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    Ok(ExportState {
        id,
        status,
        request: json(row, "request")?,
        revision_id: row.try_get("revision")?,
        heads: json(row, "heads")?,
        accepted_micros: row.try_get("accepted")?,
        started_micros: row.try_get("started")?,
        ended_micros: row.try_get("ended")?,
        expires_micros: row.try_get("expires")?,
        deadline_micros: row.try_get("deadline")?,
        manifest_key: row.try_get("manifest_key")?,
        progress,
        errors,
        paused: row.try_get("paused")?,
        back_off: back_off::read(row)?,
        cut: read_cut(row)?,
        delivery: read_delivery(row)?,
        queue_position: if status == ExportStatus::Queued { Some(count(row, "position")?) } else { None },
    })
}

fn read_cut(row: &PgRow) -> Result<Option<ExportCut>, StoreError> {
    if !row.try_get::<bool, _>("in_one_cut")? {
        return Ok(None);
    }
    let losses = u64::try_from(row.try_get::<i32, _>("losses")?);
    Ok(Some(ExportCut {
        point: cut_point(row)?,
        waits: row.try_get("waits_for_cut")?,
        losses: losses.map_err(|e| StoreError::unreadable("losses", e))?,
    }))
}

fn read_error(row: &PgRow) -> Result<ChunkError, StoreError> {
    let unknown = || Failure::new(FailureCode::Unrecorded, "the attempt recorded no reason");
    Ok(ChunkError {
        dataset: row.try_get("dataset")?,
        range: from_row(row)?,
        attempts: u32::try_from(row.try_get::<i32, _>("attempts")?)
            .map_err(|e| StoreError::unreadable("attempts", e))?,
        failure: optional_json(row, "failure")?.unwrap_or_else(unknown),
    })
}

pub(super) fn read_chunk(row: &PgRow) -> Result<ChunkDetail, StoreError> {
    let state: ChunkState =
        row.try_get::<String, _>("state")?.parse().map_err(|e| StoreError::unreadable("state", e))?;
    Ok(ChunkDetail {
        ordinal: row.try_get("ordinal")?,
        id: chunk_id(row, "id")?,
        dataset: row.try_get("dataset")?,
        name: row.try_get("name")?,
        range: from_row(row)?,
        state,
        attempt: u32::try_from(row.try_get::<i32, _>("attempt")?)
            .map_err(|e| StoreError::unreadable("attempt", e))?,
        planned_rows: optional_count(row, "planned_rows")?,
        planned_bytes: optional_count(row, "planned_bytes")?,
        reused: row.try_get("reused")?,
        unchanged: row.try_get("unchanged")?,
        as_of_micros: row.try_get("as_of")?,
        file: if state == ChunkState::Done { Some(file_record(row)?) } else { None },
        attempts: json(row, "attempts")?,
    })
}
