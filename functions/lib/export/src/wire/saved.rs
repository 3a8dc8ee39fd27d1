//! Saved exports, their schedules and runs.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::ExportId;
use crate::schedule::RelativeRange;

/// Body of `POST /saved` and of `PUT /saved/{saved}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SavedRequest {
    /// Name: 1 to 64 lower-case letters, digits, hyphens and underscores. `PUT` takes it from the path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Body of `POST /exports`, without dates if there is a `range`.
    #[cfg_attr(test, schemars(with = "super::ExportRequest"))]
    pub request: Value,
    /// Dates relative to each run; absent: those of the request, if it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RelativeRange>,
    /// Times of its runs; absent: only on demand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<ScheduleRequest>,
}

/// Schedule of a saved export.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduleRequest {
    /// Frequency: `hourly`, `daily`, `weekly`, `monthly`, or `cron` for the times of an expression.
    #[cfg_attr(test, schemars(extend("enum" = ["hourly", "daily", "weekly", "monthly", "cron"])))]
    pub every: String,
    /// Time of day, such as `06:00`; hourly: the minute, such as `:05`. Midnight, or the full hour, when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Day: weekly its name, such as `monday`, the default; monthly a number from 1, the default, to 28.
    #[cfg_attr(test, schemars(extend("type" = ["string", "integer", "null"])))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Value>,
    /// Cron expression of five fields: minute, hour, day of the month, month, day of the week.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// IANA name of the zone of times, days and periods; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Minutes after the end of its period before which no run begins, up to a day; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_minutes: Option<u32>,
}

/// Saved export with the state of its schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedExport {
    /// Name.
    pub name: String,
    /// Body of `POST /exports` that each run sends, without dates if there is a range.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, Value>", title = "SavedTemplate"))]
    pub request: Value,
    /// Dates relative to each run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<RelativeRange>,
    /// Schedule as it was sent.
    #[cfg_attr(test, schemars(with = "Option<serde_json::Map<String, Value>>", title = "SavedSchedule"))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Value>,
    /// Key or token with whose rights it runs: the one that saved it.
    pub by: String,
    /// True if no run begins by the schedule. Missed periods are caught up after `resume`.
    pub paused: bool,
    /// Time at which it was saved.
    pub created_at: String,
    /// Time of the last change.
    pub changed_at: String,
    /// Time at which the next period runs, or is tried again after a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_run_at: Option<String>,
    /// First day or instant of the next period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_start_date: Option<String>,
    /// Last day of the next period, or the instant at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_end_date: Option<String>,
    /// Export of the run that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<ExportId>,
    /// End of the last period that was exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_until: Option<String>,
    /// Failures of the next period.
    pub failures: u64,
    /// Reason of the last failure, until a run succeeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Body of `GET /saved`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedList {
    /// Saved exports of the tenant, by name.
    pub saved: Vec<SavedExport>,
    /// Cursor of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RunOutcome {
    /// The export is live.
    Running,
    /// The export has succeeded.
    Succeeded,
    /// The export has failed. Its period is tried again.
    Failed,
    /// The export was canceled or deleted. Its period is tried again.
    Canceled,
    /// The request was refused, so there is no export. Its period is tried again.
    Refused,
    /// The periods up to the next run were not exported, for the reason in `error`.
    Skipped,
}

/// Run of a saved export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedRunEntry {
    /// Time of the schedule to which it belongs; of a run on demand, the time of the request.
    pub scheduled_at: String,
    /// Number of the attempt at that time.
    pub attempt: u32,
    /// True if a client requested it.
    pub on_demand: bool,
    /// First day or instant of its period; absent if it is open, or the request has its own dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_date: Option<String>,
    /// Last day of its period, or the instant at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<String>,
    /// Outcome.
    pub outcome: RunOutcome,
    /// The export; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<ExportId>,
    /// Start of the run.
    pub started_at: String,
    /// Time at which its end was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// Reason of the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Body of `GET /saved/{saved}/runs`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SavedRunList {
    /// Runs, newest first.
    pub runs: Vec<SavedRunEntry>,
    /// Cursor of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
