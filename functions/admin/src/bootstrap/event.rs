//! Event of the bootstrap: the settings that the store keeps, as properties of the custom resource.

use serde_json::Value;
use store::StoredSettings;

/// Reads `{"settings": {"budget": "4", …}}`. CloudFormation passes every number as text. All settings must be there,
/// under the names that the store has for them, and no other.
pub(super) fn settings(event: &Value) -> Result<StoredSettings, String> {
    let given = event.get("settings").and_then(Value::as_object).ok_or("the event has no settings")?;
    let number = |name: &str| {
        let text = given.get(name).and_then(Value::as_str);
        text.and_then(|text| text.parse().ok())
            .ok_or_else(|| format!("the setting {name} is not a number in the event"))
    };
    let stored = StoredSettings {
        budget: number("budget")?,
        store_sessions: number("store_sessions")?,
        worker_timeout_secs: number("worker_timeout_secs")?,
        retention_hours: number("retention_hours")?,
        reuse_days: number("reuse_days")?,
        resend_secs: number("resend_secs")?,
        max_active_exports: number("max_active_exports")?,
        max_queued_exports: number("max_queued_exports")?,
        max_kept_exports: number("max_kept_exports")?,
        max_kept_chunks: number("max_kept_chunks")?,
        max_kept_request_megabytes: number("max_kept_request_megabytes")?,
        max_chunks_per_minute: number("max_chunks_per_minute")?,
        max_rows_per_day: number("max_rows_per_day")?,
        max_megabytes_per_day: number("max_megabytes_per_day")?,
        max_database_seconds_per_day: number("max_database_seconds_per_day")?,
        max_cut_minutes: number("max_cut_minutes")?,
    };
    let known = stored.rows();
    match given.keys().find(|name| known.iter().all(|(known, _)| known != name)) {
        Some(unknown) => Err(format!("the setting {unknown} is not known")),
        None => Ok(stored),
    }
}
