//! Conversion of saved exports and runs to the wire format.

use export::manifest::rfc3339;
use export::saved::Definition;
use export::schedule::Period;
use export::wire::{RunOutcome, SavedExport, SavedRunEntry};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{SavedRun, SavedState};

pub(super) fn saved(state: &SavedState) -> SavedExport {
    let next = next_period(state);
    SavedExport {
        name: state.name.clone(),
        request: state.request.clone(),
        range: state.range.as_deref().and_then(|range| range.parse().ok()),
        schedule: state.schedule.clone(),
        by: state.by.clone(),
        paused: state.paused,
        created_at: rfc3339(state.created_micros),
        changed_at: rfc3339(state.changed_micros),
        next_run_at: state.next_micros.map(rfc3339),
        next_start_date: next.and_then(|period| period.start_date()),
        next_end_date: next.map(|period| period.end_date()),
        running: state.export,
        exported_until: state.last_end_micros.map(rfc3339),
        failures: state.failures,
        error: state.error.clone(),
    }
}

/// Returns the period that is next.
fn next_period(state: &SavedState) -> Option<Period> {
    let instant = |micros| Timestamp::from_microsecond(micros).ok();
    let tick = instant(state.next_tick_micros?)?;
    let body = json!({
        "name": state.name, "request": state.request, "range": state.range, "schedule": state.schedule,
    });
    Definition::parse(&body, None).ok()?.period(tick, state.last_end_micros.and_then(instant))
}

pub(super) fn run(run: &SavedRun) -> SavedRunEntry {
    SavedRunEntry {
        scheduled_at: rfc3339(run.tick_micros),
        attempt: u32::try_from(run.number).unwrap_or(1),
        on_demand: run.demanded,
        start_date: run.start_date.clone(),
        end_date: run.end_date.clone(),
        outcome: outcome(&run.outcome),
        export: run.export,
        started_at: rfc3339(run.started_micros),
        ended_at: run.ended_micros.map(rfc3339),
        error: run.error.clone(),
    }
}

/// Returns the outcome of this name. The store has no others.
fn outcome(name: &str) -> RunOutcome {
    serde_json::from_value(Value::from(name)).unwrap_or(RunOutcome::Failed)
}
