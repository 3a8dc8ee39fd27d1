//! Saved exports and their runs as a tenant sees them. Times are microseconds since 1970.

use export::id::ExportId;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::super::error::StoreError;
use super::super::ranges::{count, json, optional_json};

/// A saved export with the state of its schedule.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedState {
    /// Name.
    pub name: String,
    /// Body of `POST /exports`.
    pub request: Value,
    /// Relative dates.
    pub range: Option<String>,
    /// Schedule, as it was sent.
    pub schedule: Option<Value>,
    /// Key or token with whose rights it runs.
    pub by: String,
    /// True if its schedule is paused.
    pub paused: bool,
    /// Time at which it was saved.
    pub created_micros: i64,
    /// Time of the last change of its definition.
    pub changed_micros: i64,
    /// Tick of the period that is next.
    pub next_tick_micros: Option<i64>,
    /// Time at which that period runs, or is tried again.
    pub next_micros: Option<i64>,
    /// True if a run on demand is about to start.
    pub demanded: bool,
    /// Export of the run that is under way.
    pub export: Option<ExportId>,
    /// End of the last period that was exported.
    pub last_end_micros: Option<i64>,
    /// Failures of the period that is next.
    pub failures: u64,
    /// Reason of the last failure, until a run succeeds.
    pub error: Option<String>,
}

/// A run of a saved export, or periods that were skipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRun {
    /// True if it was requested by a client.
    pub demanded: bool,
    /// First day or instant of its period.
    pub start_date: Option<String>,
    /// Last day of its period, or the instant at its end.
    pub end_date: Option<String>,
    /// Tick of the schedule.
    pub tick_micros: i64,
    /// Number of the attempt at this tick.
    pub number: i32,
    /// Start of the run.
    pub started_micros: i64,
    /// End of the run.
    pub ended_micros: Option<i64>,
    /// Its export; `None` if the request was refused, or the period was skipped.
    pub export: Option<ExportId>,
    /// Outcome: `running`, `succeeded`, `failed`, `canceled`, `refused` or `skipped`.
    pub outcome: String,
    /// Reason of the outcome.
    pub error: Option<String>,
}

pub(super) fn state(row: &PgRow) -> Result<SavedState, StoreError> {
    Ok(SavedState {
        name: row.try_get("name")?,
        request: json(row, "request")?,
        range: row.try_get("range_name")?,
        schedule: optional_json(row, "schedule")?,
        by: row.try_get("by")?,
        paused: row.try_get("paused")?,
        created_micros: row.try_get("created")?,
        changed_micros: row.try_get("changed")?,
        next_tick_micros: row.try_get("next_tick")?,
        next_micros: row.try_get("next_at")?,
        demanded: row.try_get("demanded")?,
        export: export(row)?,
        last_end_micros: row.try_get("last_end")?,
        failures: count(row, "failures")?,
        error: row.try_get("error")?,
    })
}

pub(super) fn run(row: &PgRow) -> Result<SavedRun, StoreError> {
    Ok(SavedRun {
        demanded: row.try_get("demanded")?,
        start_date: row.try_get("start_date")?,
        end_date: row.try_get("end_date")?,
        tick_micros: row.try_get("tick")?,
        number: row.try_get("number")?,
        started_micros: row.try_get("started")?,
        ended_micros: row.try_get("ended")?,
        export: export(row)?,
        outcome: row.try_get("outcome")?,
        error: row.try_get("error")?,
    })
}

fn export(row: &PgRow) -> Result<Option<ExportId>, StoreError> {
    Ok(row.try_get::<Option<Uuid>, _>("export_id")?.map(ExportId::from))
}
