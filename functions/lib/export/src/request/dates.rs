//! The bounds of a request: read once, then placed on each dataset's range column. A bound that is left out is open.
//!
//! They do not apply to a dataset without a range column, which is exported whole.

use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::datasets::Chosen;
use super::report::{Violations, show};
use crate::range::{Bound, Bounds, BoundsError, Span};

/// Bounds that are consistent with each other.
#[derive(Debug)]
pub(super) struct Dates(Bounds);

/// Reads `startDate`, `endDate` and `timeZone`; `undated` means no requested dataset has a range column.
pub(super) fn read(fields: &Map<String, Value>, undated: bool, report: &mut Violations) -> Option<Dates> {
    let zone = zone(fields, report);
    if undated && !fields.contains_key("startDate") && !fields.contains_key("endDate") {
        return None;
    }
    let start = bound(fields, "startDate", "-infinity", report);
    let end = bound(fields, "endDate", "infinity", report);
    let bounds = Bounds { start: start?, end: end?, zone: zone? };
    if is_empty(&bounds) {
        report.say(
            "/endDate",
            "the end is not after the start",
            "use an endDate on or after startDate; an instant must be after startDate",
        );
        return None;
    }
    Some(Dates(bounds))
}

/// Reads the bound under `key`. If it is left out, `null` or equal to `open`, there is no bound on its side.
fn bound(fields: &Map<String, Value>, key: &str, open: &str, report: &mut Violations) -> Option<Bound> {
    if fields.get(key).is_none_or(Value::is_null) {
        return Some(Bound::Open);
    }
    let text = report.text(fields, key, "")?;
    if text == open {
        return Some(Bound::Open);
    }
    // PostgreSQL's time has no leap seconds; one would move the bound.
    let bound = Bound::parse(text).filter(|_| text.get(17..19) != Some("60"));
    if bound.is_none() {
        report.say(
            format!("/{key}"),
            format!("{} is neither a date of the years 1 to 9999 nor an RFC 3339 instant", show(text)),
            format!("use a date such as 2024-01-31, or an instant such as 2024-01-31T12:00:00Z with at most microseconds; omit {key}, or use {open}, for no bound on that side"),
        );
    }
    bound
}

fn zone(fields: &Map<String, Value>, report: &mut Violations) -> Option<TimeZone> {
    if !fields.contains_key("timeZone") {
        return Some(TimeZone::UTC);
    }
    let name = report.text(fields, "timeZone", "")?;
    let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    if zone.is_none() {
        report.say(
            "/timeZone",
            format!("the time zone {} is unknown", show(name)),
            "use an IANA name such as Europe/Amsterdam, or omit it for UTC",
        );
    }
    zone
}

/// Returns true if no value can be between the bounds, on any column.
fn is_empty(bounds: &Bounds) -> bool {
    match (bounds.start, bounds.end) {
        (Bound::Day(start), Bound::Day(end)) => end < start,
        (Bound::Instant(start), Bound::Instant(end)) => end <= start,
        (Bound::Open, _) | (_, Bound::Open) => false,
        // A day and an instant are compared on a type on which both have a meaning.
        _ => bounds.span(crate::range::RangeKind::Instant, &TimeZone::UTC) == Err(BoundsError::Empty),
    }
}

impl Dates {
    /// Returns whether there is a bound at the start, and at the end.
    pub(super) fn bounded(&self) -> (bool, bool) {
        (self.0.start != Bound::Open, self.0.end != Bound::Open)
    }

    /// Returns the IANA name of the zone in which dates are days.
    pub(super) fn zone_name(&self) -> &str {
        self.0.zone.iana_name().unwrap_or("UTC")
    }

    /// Returns the span on the dataset's range column, if it has one.
    pub(super) fn span(&self, chosen: &Chosen<'_>, report: &mut Violations) -> Option<Span> {
        let column = chosen.dataset.range.as_ref()?;
        let error = match self.0.span(column.kind, &column.zone()) {
            Ok(span) => return Some(span),
            Err(error) => error,
        };
        let remedy = match error {
            BoundsError::InstantOnDate => {
                "use dates for startDate and endDate, or export this dataset in a separate request"
            }
            BoundsError::Repeated(_) => "move the bound out of that hour, or use a date",
            BoundsError::Empty => "move endDate after startDate",
            BoundsError::Skipped(..) => "request a longer range, or use another timeZone",
            BoundsError::OutOfRange => "use a bound in the years 1 to 9999",
        };
        report.say(&chosen.pointer, format!("{}: {error}", chosen.name), remedy);
        None
    }
}
