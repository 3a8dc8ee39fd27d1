//! Saved exports and runs for people.

use export::wire::{RunOutcome, SavedExport, SavedList, SavedRunEntry, SavedRunList};
use serde_json::Value;

use crate::text::{count, one_line, table};

/// Returns a saved export as lines.
pub(super) fn show(saved: &SavedExport) -> String {
    let mut lines = vec![format!("{}: {}, {}", saved.name, datasets(saved), schedule(saved))];
    if let Some(at) = &saved.next_run_at {
        let paused = if saved.paused { "paused; " } else { "" };
        let period = period(saved.next_start_date.as_deref(), saved.next_end_date.as_deref());
        lines.push(format!("{paused}next run {}{period}", seconds(at)));
    }
    lines.extend(saved.running.map(|export| format!("runs as export {export}")));
    lines.extend(saved.exported_until.as_deref().map(|until| format!("exported until {}", seconds(until))));
    if let Some(error) = &saved.error {
        lines.push(format!("{}; the last: {}", count(saved.failures, "failure"), one_line(error)));
    }
    lines.join("\n")
}

/// Returns the list as a table.
pub(super) fn list(list: &SavedList) -> String {
    if list.saved.is_empty() {
        return "no saved exports; save one with: sluice saved create".to_owned();
    }
    let state = |saved: &SavedExport| match (saved.paused, saved.running, saved.failures) {
        (true, ..) => "paused",
        (_, Some(_), _) => "running",
        (_, _, 1..) => "failing",
        _ => "waiting",
    };
    let row = |saved: &SavedExport| {
        let next = saved.next_run_at.as_deref().map(seconds).unwrap_or_default();
        vec![saved.name.clone(), datasets(saved), schedule(saved), state(saved).to_owned(), next]
    };
    let rows: Vec<_> = list.saved.iter().map(row).collect();
    table(&["name", "datasets", "schedule", "state", "next run"], &rows)
}

/// Returns runs as a table.
pub(super) fn runs(list: &SavedRunList) -> String {
    if list.runs.is_empty() {
        return "no runs yet".to_owned();
    }
    let row = |run: &SavedRunEntry| {
        let scheduled = if run.on_demand { "on demand".to_owned() } else { seconds(&run.scheduled_at) };
        vec![
            seconds(&run.started_at),
            scheduled,
            period(run.start_date.as_deref(), run.end_date.as_deref()).trim_start_matches(" for ").to_owned(),
            outcome(run.outcome).to_owned(),
            run.export.map(|export| export.to_string()).unwrap_or_default(),
            run.error.as_deref().map(one_line).unwrap_or_default().into_owned(),
        ]
    };
    let rows: Vec<_> = list.runs.iter().map(row).collect();
    let table = table(&["started", "scheduled", "period", "outcome", "export", "reason"], &rows);
    if list.next_cursor.is_some() { format!("{table}\nthere are more; list them with --all") } else { table }
}

fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Running => "running",
        RunOutcome::Succeeded => "succeeded",
        RunOutcome::Failed => "failed",
        RunOutcome::Canceled => "canceled",
        RunOutcome::Refused => "refused",
        RunOutcome::Skipped => "skipped",
    }
}

fn datasets(saved: &SavedExport) -> String {
    let name = |one: &Value| one.as_str().or(one["name"].as_str()).unwrap_or_default().to_owned();
    match &saved.request["datasets"] {
        Value::Array(list) => one_line(&list.iter().map(name).collect::<Vec<_>>().join(" ")).into_owned(),
        _ => "all datasets".to_owned(),
    }
}

fn schedule(saved: &SavedExport) -> String {
    let range = saved.range.map_or("", |range| range.as_str());
    let Some(schedule) = &saved.schedule else {
        return format!("{range} on demand").trim_start().to_owned();
    };
    let part = |key: &str| match &schedule[key] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let words = [Some(range.to_owned()), part("every"), part("cron"), part("on"), part("at"), part("zone")];
    let words: Vec<_> = words.into_iter().flatten().filter(|word| !word.is_empty()).collect();
    one_line(&words.join(" ")).into_owned()
}

/// Returns ` for A` or ` for A to B`; nothing without dates.
fn period(start: Option<&str>, end: Option<&str>) -> String {
    match (start, end) {
        (None, None) => String::new(),
        (Some(start), Some(end)) if start == end => format!(" for {start}"),
        (start, end) => format!(" for {} to {}", start.unwrap_or("the beginning"), end.unwrap_or("the end")),
    }
}

/// Returns a time without its fraction.
fn seconds(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn state_and_next_period_are_shown() {
        let saved: SavedExport = serde_json::from_value(json!({
            "name": "daily", "request": {"datasets": ["orders", {"name": "visits"}]}, "range": "yesterday",
            "schedule": {"every": "daily", "at": "06:00", "zone": "Europe/Berlin"}, "by": "key 1", "paused": false,
            "createdAt": "2026-01-01T00:00:00Z", "changedAt": "2026-01-01T00:00:00Z",
            "nextRunAt": "2026-01-02T05:00:00.000000Z", "nextStartDate": "2026-01-01", "nextEndDate": "2026-01-01",
            "failures": 2, "error": "no dataset",
        }))
        .unwrap();
        let wanted = "daily: orders visits, yesterday daily 06:00 Europe/Berlin\n\
                      next run 2026-01-02T05:00:00Z for 2026-01-01\n2 failures; the last: no dataset";
        assert_eq!(show(&saved), wanted);
        let table = list(&SavedList { saved: vec![saved], next_cursor: None });
        assert!(table.contains("failing") && table.contains("2026-01-02T05:00:00Z"), "{table}");
    }
}
