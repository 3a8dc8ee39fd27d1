//! Schedules as a request has them, in JSON.

use jiff::civil::{Time, Weekday, time};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{Cron, Every, Schedule};
use crate::request::report::{Violations, show};

/// Maximum grace time: a day.
pub const MAX_GRACE_MINUTES: u64 = 1_440;

const FIELDS: [&str; 6] = ["every", "at", "on", "cron", "zone", "graceMinutes"];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// Last day of a month that every month has.
const LAST_DAY: i64 = 28;

/// Reads the schedule at `pointer`, or reports every violation in it.
pub(crate) fn read(value: &Value, pointer: &str, report: &mut Violations) -> Option<Schedule> {
    let fields = report.object(value, pointer)?;
    report.known(fields, pointer, &FIELDS);
    let zone = zone(fields, "zone", pointer, report);
    let grace = grace(fields, pointer, report);
    let every = every(fields, pointer, report);
    Some(Schedule { every: every?, zone: zone?, grace_minutes: grace? })
}

fn every(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<Every> {
    let unused = |names: &[&str], every: &str, report: &mut Violations| {
        for name in names.iter().filter(|name| fields.contains_key(**name)) {
            let message = format!("a schedule with every: {every} has no {name}");
            report.say(format!("{pointer}/{name}"), message, "remove it");
        }
    };
    let every = report.text(fields, "every", pointer);
    match every {
        Some("hourly") => {
            unused(&["on", "cron"], "hourly", report);
            minute(fields, pointer, report).map(Every::Hour)
        }
        Some("daily") => {
            unused(&["on", "cron"], "daily", report);
            at(fields, pointer, report).map(Every::Day)
        }
        Some("weekly") => {
            unused(&["cron"], "weekly", report);
            let (day, at) = (weekday(fields, pointer, report), at(fields, pointer, report));
            Some(Every::Week(day?, at?))
        }
        Some("monthly") => {
            unused(&["cron"], "monthly", report);
            let (day, at) = (day(fields, pointer, report), at(fields, pointer, report));
            Some(Every::Month(day?, at?))
        }
        Some("cron") => {
            unused(&["at", "on"], "cron", report);
            cron(fields, pointer, report).map(Every::Cron)
        }
        _ => {
            if every.is_some() || !fields.contains_key("every") {
                let given = every.map_or_else(
                    || "every is missing".to_owned(),
                    |every| format!("{} is not a frequency", show(every)),
                );
                report.say(format!("{pointer}/every"), given, "use hourly, daily, weekly, monthly or cron");
            }
            None
        }
    }
}

/// Reads an IANA name of a time zone; UTC if there is none.
pub(crate) fn zone(
    fields: &Map<String, Value>,
    key: &str,
    pointer: &str,
    report: &mut Violations,
) -> Option<TimeZone> {
    if !fields.contains_key(key) {
        return Some(TimeZone::UTC);
    }
    let name = report.text(fields, key, pointer)?;
    let zone = TimeZone::get(name).ok().filter(|zone| !zone.is_unknown());
    if zone.is_none() {
        let message = format!("the time zone {} is unknown", show(name));
        report.say(
            format!("{pointer}/{key}"),
            message,
            "use an IANA name such as Europe/Amsterdam, or omit it for UTC",
        );
    }
    zone
}

fn grace(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<u32> {
    let Some(value) = fields.get("graceMinutes") else { return Some(0) };
    let minutes = value.as_u64().filter(|minutes| *minutes <= MAX_GRACE_MINUTES);
    if minutes.is_none() {
        let message = format!("{} is not a grace time", show(&value.to_string()));
        let remedy = format!("use a whole number of minutes from 0 to {MAX_GRACE_MINUTES}");
        report.say(format!("{pointer}/graceMinutes"), message, remedy);
    }
    minutes.and_then(|minutes| u32::try_from(minutes).ok())
}

/// Reads the time of day; midnight if there is none.
fn at(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<Time> {
    if !fields.contains_key("at") {
        return Some(Time::midnight());
    }
    let text = report.text(fields, "at", pointer)?;
    let found = clock(text);
    if found.is_none() {
        let message = format!("{} is not a time of day", show(text));
        report.say(format!("{pointer}/at"), message, "use hours and minutes, such as 06:00");
    }
    found
}

fn clock(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    Some(time(two(hour, 23)?, two(minute, 59)?, 0, 0))
}

/// Reads two digits, up to `last`.
fn two(text: &str, last: i8) -> Option<i8> {
    let is_digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
    is_digits.then(|| text.parse().ok()).flatten().filter(|n| *n <= last)
}

/// Reads the minute of each hour; 0 if there is none.
fn minute(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<i8> {
    if !fields.contains_key("at") {
        return Some(0);
    }
    let text = report.text(fields, "at", pointer)?;
    let found = text.strip_prefix(':').and_then(|minute| two(minute, 59));
    if found.is_none() {
        let message = format!("{} is not a minute of each hour", show(text));
        report.say(format!("{pointer}/at"), message, "use a colon and two digits, such as :05");
    }
    found
}

/// Reads the day of the week; Monday if there is none.
fn weekday(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<Weekday> {
    if !fields.contains_key("on") {
        return Some(Weekday::Monday);
    }
    let text = report.text(fields, "on", pointer)?;
    let found = WEEKDAYS.iter().find(|(name, _)| *name == text).map(|(_, day)| *day);
    if found.is_none() {
        let names = WEEKDAYS.map(|(name, _)| name).join(", ");
        let message = format!("{} is not a day of the week", show(text));
        report.say(format!("{pointer}/on"), message, format!("use one of {names}"));
    }
    found
}

/// Reads the day of the month; the first if there is none.
fn day(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<i8> {
    let Some(value) = fields.get("on") else { return Some(1) };
    let found = value.as_i64().filter(|day| (1..=LAST_DAY).contains(day));
    if found.is_none() {
        let message = format!("{} is not a day that every month has", show(&value.to_string()));
        report.say(format!("{pointer}/on"), message, format!("use a whole number from 1 to {LAST_DAY}"));
    }
    found.and_then(|day| i8::try_from(day).ok())
}

fn cron(fields: &Map<String, Value>, pointer: &str, report: &mut Violations) -> Option<Cron> {
    let at = format!("{pointer}/cron");
    if !fields.contains_key("cron") {
        report.say(at, "the expression is missing", "add one such as \"0 6 * * mon-fri\"");
        return None;
    }
    let text = report.text(fields, "cron", pointer)?;
    let remedy = "use minute, hour, day of the month, month and day of the week, such as \"0 6 * * mon-fri\"";
    Cron::parse(text).map_err(|error| report.say(at, format!("{}: {error}", show(text)), remedy)).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(schedule: &Value) -> Vec<String> {
        let mut report = Violations::default();
        let found = read(schedule, "/schedule", &mut report);
        let violations = report.finish();
        assert!(found.is_some() || !violations.is_empty(), "{schedule}");
        assert!(violations.iter().all(|one| !one.remedy.is_empty()));
        violations.into_iter().map(|one| one.pointer).collect()
    }

    #[test]
    fn every_frequency_is_read() {
        for schedule in [
            json!({"every": "hourly"}),
            json!({"every": "hourly", "at": ":05", "zone": "Asia/Kolkata"}),
            json!({"every": "daily", "at": "06:00", "zone": "Europe/Berlin", "graceMinutes": 60}),
            json!({"every": "weekly", "on": "sunday"}),
            json!({"every": "monthly", "on": 28, "at": "23:59"}),
            json!({"every": "cron", "cron": "*/15 6-18 * * mon-fri"}),
        ] {
            assert_eq!(pointers(&schedule), Vec::<String>::new());
        }
    }

    #[test]
    fn each_violation_names_its_field() {
        for (schedule, wanted) in [
            (json!({}), &["/schedule/every"][..]),
            (json!("daily"), &["/schedule"]),
            (json!({"every": "yearly"}), &["/schedule/every"]),
            (json!({"every": 1}), &["/schedule/every"]),
            (json!({"every": "daily", "at": "6:00", "zone": "Berlin"}), &["/schedule/zone", "/schedule/at"]),
            (json!({"every": "daily", "at": "24:00"}), &["/schedule/at"]),
            (json!({"every": "hourly", "at": "06:00", "on": 1}), &["/schedule/on", "/schedule/at"]),
            (json!({"every": "weekly", "on": "Monday"}), &["/schedule/on"]),
            (json!({"every": "monthly", "on": 29}), &["/schedule/on"]),
            (json!({"every": "cron"}), &["/schedule/cron"]),
            (json!({"every": "cron", "cron": "0 0 30 2 *"}), &["/schedule/cron"]),
            (json!({"every": "daily", "cron": "* * * * *"}), &["/schedule/cron"]),
            (json!({"every": "daily", "graceMinutes": 1441}), &["/schedule/graceMinutes"]),
            (json!({"every": "daily", "graceMinutes": "60m"}), &["/schedule/graceMinutes"]),
            (json!({"every": "daily", "when": 1}), &["/schedule/when"]),
        ] {
            assert_eq!(pointers(&schedule), wanted, "{schedule}");
        }
    }
}
