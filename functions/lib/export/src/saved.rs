//! Saved exports: requests that are kept under a name, with dates relative to the time of each run and a schedule.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use crate::destination::is_name;
use crate::problem::Violation;
use crate::request::report::{Violations, show};
use crate::schedule::{self, MAX_MISSED, Period, RelativeRange, Schedule};

/// Maximum number of saved exports of a tenant.
pub const MAX_SAVED: i64 = 1_000;

/// Maximum size of the request of a saved export as JSON. A page has up to 100 of them.
pub const MAX_REQUEST_BYTES: usize = 64 << 10;

const FIELDS: [&str; 4] = ["name", "request", "range", "schedule"];

/// A saved export as its tenant defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct Definition {
    /// Name, unique within the tenant.
    pub name: String,
    /// Body of `POST /exports`, without dates if there is a range.
    pub request: Value,
    /// Relative dates; `None`: those of the request, if it has any.
    pub range: Option<RelativeRange>,
    /// Times of its runs; `None`: only on demand.
    pub schedule: Option<Schedule>,
    /// The schedule as it was sent.
    pub schedule_json: Option<Value>,
    /// Zone of relative dates.
    zone: TimeZone,
}

impl Definition {
    /// Reads the body of `POST /saved`, or of `PUT /saved/{name}`, whose name may be left out. The request is only checked as
    /// far as the range is concerned.
    ///
    /// # Errors
    /// Every violation.
    pub fn parse(body: &Value, in_path: Option<&str>) -> Result<Self, Vec<Violation>> {
        let mut report = Violations::default();
        let read = report.object(body, "").and_then(|fields| Self::read(fields, in_path, &mut report));
        match read {
            Some(definition) if report.is_empty() => Ok(definition),
            _ => Err(report.finish()),
        }
    }

    fn read(fields: &Map<String, Value>, in_path: Option<&str>, report: &mut Violations) -> Option<Self> {
        report.known(fields, "", &FIELDS);
        let name = name(fields, in_path, report);
        let range = range(fields, report);
        let given = fields.get("schedule").filter(|given| !given.is_null());
        let schedule = given.map(|given| schedule::read(given, "/schedule", report));
        let Some(request) = fields.get("request") else {
            report.say("/request", "the request is missing", "add the body of POST /exports, without dates");
            return None;
        };
        let dated = report.object(request, "/request")?;
        let bytes = request.to_string().len();
        if bytes > MAX_REQUEST_BYTES {
            let message = format!("the request has {bytes} bytes; at most {MAX_REQUEST_BYTES} can be saved");
            report.say("/request", message, "shorten it, or save several exports");
        }
        if range.is_some() {
            undated(dated, schedule.is_some(), report);
        }
        let zone = match &schedule {
            Some(schedule) => schedule.as_ref().map(|schedule| schedule.zone.clone()),
            None => schedule::zone(dated, "timeZone", "/request", report),
        };
        let schedule = match schedule {
            Some(schedule) => Some(schedule?),
            None => None,
        };
        Some(Self {
            name: name?,
            request: request.clone(),
            range,
            schedule,
            schedule_json: given.cloned(),
            zone: zone?,
        })
    }

    /// Returns the tick to which a saved export moves on if more than [`MAX_MISSED`] of its runs are due since `next`, so that
    /// only the latest are caught up; `None` if none is skipped.
    pub fn skip_to(&self, next: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let schedule = self.schedule.as_ref()?;
        let is_due = |tick: &Timestamp| schedule.due(*tick, self.range) <= now;
        let ticks = std::iter::successors(Some(next), |tick| schedule.next_after(*tick));
        if ticks.take_while(is_due).take(MAX_MISSED + 1).count() <= MAX_MISSED {
            return None;
        }
        schedule.latest_due(now, self.range, MAX_MISSED).first().copied().filter(|first| *first > next)
    }

    /// Returns the instant at which the run of a tick is due.
    pub fn due(&self, tick: Timestamp) -> Timestamp {
        self.schedule.as_ref().map_or(tick, |schedule| schedule.due(tick, self.range))
    }

    /// Returns the first tick after an instant, and the instant at which its run is due.
    pub fn next_after(&self, after: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let schedule = self.schedule.as_ref()?;
        let tick = schedule.next_after(after)?;
        Some((tick, schedule.due(tick, self.range)))
    }

    /// Returns the period of the run at a tick, or at the instant of a run on demand; `None` if the dates are those of the
    /// request. `since` is the end of the last period that was exported.
    pub fn period(&self, tick: Timestamp, since: Option<Timestamp>) -> Option<Period> {
        let range = self.range?;
        Some(match &self.schedule {
            Some(schedule) => schedule.period(range, tick, since),
            None => range.period(None, &self.zone, tick, since),
        })
    }

    /// Returns the body of `POST /exports` for a period. Its label is the name if the request has none.
    pub fn body(&self, period: Option<&Period>) -> Value {
        let mut body = self.request.clone();
        let Some(fields) = body.as_object_mut() else { return body };
        if let Some(period) = period {
            if let Some(start) = period.start_date() {
                fields.insert("startDate".to_owned(), start.into());
            }
            fields.insert("endDate".to_owned(), period.end_date().into());
            fields.insert("timeZone".to_owned(), self.zone.iana_name().unwrap_or("UTC").into());
        }
        fields.entry("label").or_insert_with(|| self.name.as_str().into());
        body
    }
}

fn name(fields: &Map<String, Value>, in_path: Option<&str>, report: &mut Violations) -> Option<String> {
    let given = match (fields.contains_key("name"), in_path) {
        (true, _) => report.text(fields, "name", "")?,
        (false, Some(name)) => name,
        (false, None) => {
            report.say("/name", "the name is missing", "name the saved export, such as orders-daily");
            return None;
        }
    };
    if in_path.is_some_and(|name| name != given) {
        let remedy = "leave it out, or repeat the name of the path; a saved export cannot be renamed";
        report.say("/name", format!("{} is not the name in the path", show(given)), remedy);
    } else if !is_name(given) {
        let remedy = "use 1 to 64 lower-case letters, digits, hyphens and underscores";
        report.say("/name", format!("{} is not a valid name", show(given)), remedy);
    }
    Some(given.to_owned())
}

fn range(fields: &Map<String, Value>, report: &mut Violations) -> Option<RelativeRange> {
    fields.get("range").filter(|range| !range.is_null())?;
    let text = report.text(fields, "range", "")?;
    let found = text.parse().ok();
    if found.is_none() {
        let names = RelativeRange::ALL.map(|(_, name)| name).join(", ");
        report.say(
            "/range",
            format!("{} is not a relative range", show(text)),
            format!("use one of {names}"),
        );
    }
    found
}

/// Reports dates next to a range, which sets them itself.
fn undated(request: &Map<String, Value>, scheduled: bool, report: &mut Violations) {
    for key in ["startDate", "endDate"].into_iter().filter(|key| request.contains_key(*key)) {
        let message = format!("the range sets {key} at each run");
        report.say(format!("/request/{key}"), message, "remove it, or remove range");
    }
    if scheduled && request.contains_key("timeZone") {
        let remedy = "remove it, and set zone in the schedule";
        report.say("/request/timeZone", "the days of the range are those of the schedule's zone", remedy);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daily() -> Value {
        json!({
            "name": "orders-daily", "request": {"datasets": ["orders"]}, "range": "yesterday",
            "schedule": {"every": "daily", "at": "06:00", "zone": "Europe/Berlin", "graceMinutes": 60},
        })
    }

    fn pointers(body: &Value, in_path: Option<&str>) -> Vec<String> {
        let found = Definition::parse(body, in_path).unwrap_err();
        found.into_iter().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn run_of_a_tick_is_a_request_of_its_period() {
        let saved = Definition::parse(&daily(), None).unwrap();
        let (tick, due) = saved.next_after("2026-03-29T12:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((tick.to_string(), due), ("2026-03-30T04:00:00Z".to_owned(), tick));
        let period = saved.period(tick, None).unwrap();
        let wanted = json!({
            "datasets": ["orders"], "startDate": "2026-03-29", "endDate": "2026-03-29",
            "timeZone": "Europe/Berlin", "label": "orders-daily",
        });
        assert_eq!(saved.body(Some(&period)), wanted);
    }

    #[test]
    fn only_the_latest_missed_periods_are_caught_up() {
        let saved = Definition::parse(&daily(), None).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let next = at("2026-01-01T05:00:00Z");
        assert_eq!(saved.skip_to(next, at("2026-04-10T05:00:00Z")), None);
        assert_eq!(saved.skip_to(next, at("2026-04-11T05:00:00Z")), Some(at("2026-01-02T05:00:00Z")));
        assert_eq!(saved.skip_to(next, at("2036-01-01T05:00:00Z")), Some(at("2035-09-24T04:00:00Z")));
    }

    #[test]
    fn request_without_a_range_keeps_its_dates() {
        let body =
            json!({"name": "x", "request": {"datasets": "*", "startDate": "2024-01-01", "label": "all"}});
        let saved = Definition::parse(&body, None).unwrap();
        assert_eq!(saved.period(Timestamp::UNIX_EPOCH, None), None);
        assert_eq!(saved.next_after(Timestamp::UNIX_EPOCH), None);
        assert_eq!(saved.body(None), body["request"]);
    }

    #[test]
    fn each_violation_names_its_field() {
        let with = |key: &str, value: Value| {
            let mut body = daily();
            body[key] = value;
            body
        };
        assert_eq!(pointers(&json!([]), None), [""]);
        assert_eq!(pointers(&json!({}), None), ["/name", "/request"]);
        assert_eq!(pointers(&with("name", "Orders".into()), None), ["/name"]);
        assert_eq!(pointers(&with("name", "other".into()), Some("orders-daily")), ["/name"]);
        assert_eq!(pointers(&with("range", "last year".into()), None), ["/range"]);
        assert_eq!(pointers(&with("request", "x".into()), None), ["/request"]);
        assert_eq!(
            pointers(&with("schedule", json!({"every": "daily", "zone": "x"})), None),
            ["/schedule/zone"]
        );
        let dated = json!({"datasets": "*", "startDate": "2024-01-01", "timeZone": "UTC"});
        assert_eq!(pointers(&with("request", dated), None), ["/request/startDate", "/request/timeZone"]);
        let large = json!({"datasets": ["x".repeat(MAX_REQUEST_BYTES)]});
        assert_eq!(pointers(&with("request", large), None), ["/request"]);
        assert_eq!(pointers(&with("paused", true.into()), None), ["/paused"]);
        let mut unnamed = daily();
        unnamed.as_object_mut().unwrap().remove("name");
        assert_eq!(Definition::parse(&unnamed, Some("a")).unwrap().name, "a");
    }
}
