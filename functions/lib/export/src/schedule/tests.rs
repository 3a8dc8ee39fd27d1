//! Ticks and periods over years, in zones with and without changes of the clock.

use jiff::ToSpan;
use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::request::report::Violations;

const ZONES: [&str; 5] = ["America/Los_Angeles", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland", "UTC"];

fn schedule(json: serde_json::Value) -> Schedule {
    read(&json, "", &mut Violations::default()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every tick of two years.
fn ticks(schedule: &Schedule) -> Vec<Timestamp> {
    let (from, until) = (at("2025-12-31T12:00:00Z"), at("2028-01-01T12:00:00Z"));
    let next = |at: &Timestamp| schedule.next_after(*at).filter(|next| *next <= until);
    std::iter::successors(next(&from), next).collect()
}

#[test]
fn periods_of_two_years_follow_each_other_in_every_zone() {
    let mut checked = 0;
    for zone in ZONES.into_iter().chain(["Australia/Lord_Howe", "America/Havana", "Africa/Cairo"]) {
        for (range, schedules) in [
            (
                RelativeRange::LastHour,
                [json!({"every": "hourly", "at": ":05"}), json!({"every": "hourly", "at": ":45"})],
            ),
            (
                RelativeRange::Yesterday,
                [json!({"every": "daily", "at": "02:30"}), json!({"every": "daily", "at": "00:00"})],
            ),
            (
                RelativeRange::LastWeek,
                [json!({"every": "weekly", "on": "sunday", "at": "02:30"}), json!({"every": "weekly"})],
            ),
            (
                RelativeRange::LastClosedMonth,
                [json!({"every": "monthly"}), json!({"every": "monthly", "on": 28, "at": "23:30"})],
            ),
            (
                RelativeRange::SinceLastSuccess,
                [json!({"every": "cron", "cron": "*/20 * * * *"}), json!({"every": "hourly"})],
            ),
        ] {
            for mut json in schedules {
                json["zone"] = zone.into();
                json["graceMinutes"] = 90.into();
                let schedule = schedule(json.clone());
                let mut last: Option<Period> = None;
                for tick in ticks(&schedule) {
                    let period = schedule.period(range, tick, last.map(|last| last.end));
                    assert!(!period.is_empty() && period.end <= tick, "{zone} {json} {tick} {period:?}");
                    if let Some(last) = last {
                        assert_eq!(Some(last.end), period.start, "{zone} {json} {tick}");
                    }
                    let due = schedule.due(tick, Some(range));
                    assert!(
                        due >= tick && due >= period.end + SignedDuration::from_mins(90),
                        "{zone} {json} {tick}"
                    );
                    last = Some(period);
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 500_000, "{checked}");
}

#[test]
fn each_day_of_two_years_is_one_period() {
    for zone in ZONES {
        for time in ["00:00", "02:00", "02:30", "23:59"] {
            let schedule = schedule(json!({"every": "daily", "at": time, "zone": zone}));
            let days = ticks(&schedule).into_iter().map(|tick| {
                let period = schedule.period(RelativeRange::Yesterday, tick, None);
                assert_eq!(period.start_date().as_ref(), Some(&period.end_date()));
                period.end_date()
            });
            let days: Vec<_> = days.collect();
            let first: jiff::civil::Date = days[0].parse().unwrap();
            let wanted = (0..days.len()).map(|n| first.checked_add((n as i64).days()).unwrap().to_string());
            assert_eq!(days, wanted.collect::<Vec<_>>(), "{zone} {time}");
            assert!((730..=732).contains(&days.len()), "{zone} {time} {}", days.len());
        }
    }
}

#[test]
fn days_of_23_and_25_hours_are_whole() {
    let schedule = schedule(json!({"every": "daily", "at": "02:30", "zone": "Europe/Berlin"}));
    for (day, hours) in [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)] {
        let after = day.tomorrow().unwrap().in_tz("Europe/Berlin").unwrap().timestamp();
        let period = schedule.period(RelativeRange::Yesterday, schedule.next_after(after).unwrap(), None);
        assert_eq!(period.end.duration_since(period.start.unwrap()).as_hours(), hours);
        assert_eq!(period.end_date(), day.to_string());
    }
    let on = |day: &str| schedule.next_after(at(day)).unwrap().to_string();
    assert_eq!(on("2026-03-28T23:00:00Z"), "2026-03-29T01:00:00Z", "02:30 does not exist");
    assert_eq!(on("2026-10-24T22:00:00Z"), "2026-10-25T00:30:00Z", "02:30 exists twice");
    assert_eq!(on("2026-10-25T00:30:00Z"), "2026-10-26T01:30:00Z", "once a day");
}

#[test]
fn hour_that_occurs_twice_is_one_period() {
    let schedule = schedule(json!({"every": "hourly", "zone": "Europe/Berlin"}));
    let tick = schedule.next_after(at("2026-10-25T00:00:00Z")).unwrap();
    let period = schedule.period(RelativeRange::LastHour, tick, None);
    assert_eq!(period.start_date().unwrap(), "2026-10-25T00:00:00Z");
    assert_eq!(period.end_date(), "2026-10-25T02:00:00Z");
}

#[test]
fn weeks_begin_on_monday_and_months_on_the_first() {
    let weekly = schedule(json!({"every": "weekly", "on": "wednesday", "at": "06:00"}));
    let tick = weekly.next_after(at("2026-12-01T00:00:00Z")).unwrap();
    assert_eq!(tick, at("2026-12-02T06:00:00Z"));
    let period = weekly.period(RelativeRange::LastWeek, tick, None);
    assert_eq!((period.start_date().unwrap(), period.end_date()), ("2026-11-23".into(), "2026-11-29".into()));
    let period = weekly.period(RelativeRange::LastClosedMonth, tick, None);
    assert_eq!((period.start_date().unwrap(), period.end_date()), ("2026-11-01".into(), "2026-11-30".into()));
}

#[test]
fn first_period_since_the_last_success_begins_at_the_tick_before() {
    let daily = schedule(json!({"every": "daily", "at": "06:00"}));
    let tick = at("2026-12-02T06:00:00Z");
    let period = daily.period(RelativeRange::SinceLastSuccess, tick, None);
    assert_eq!((period.start_date().unwrap(), period.end_date()), ("2026-12-01".into(), "2026-12-01".into()));
    let period = daily.period(RelativeRange::SinceLastSuccess, tick, Some(at("2026-11-29T00:00:00Z")));
    assert_eq!(period.start_date().unwrap(), "2026-11-29");
    let open = RelativeRange::SinceLastSuccess.period(None, &TimeZone::UTC, tick, None);
    assert_eq!((open.start_date(), open.end_date()), (None, "2026-12-02T06:00:00Z".into()));
}

#[test]
fn grace_time_counts_from_the_end_of_the_period() {
    let early = schedule(json!({"every": "daily", "graceMinutes": 60}));
    let tick = at("2026-12-02T00:00:00Z");
    assert_eq!(early.due(tick, Some(RelativeRange::Yesterday)), at("2026-12-02T01:00:00Z"));
    assert_eq!(early.due(tick, None), tick);
    let late = schedule(json!({"every": "daily", "at": "06:00", "graceMinutes": 60}));
    let tick = at("2026-12-02T06:00:00Z");
    assert_eq!(late.due(tick, Some(RelativeRange::Yesterday)), tick);
}

#[test]
fn latest_ticks_are_the_last_ones() {
    let hourly = schedule(json!({"every": "hourly"}));
    let found = hourly.latest(at("2026-12-02T00:30:00Z"), 100);
    assert_eq!((found.len(), found[99]), (100, at("2026-12-02T00:00:00Z")));
    let graced = schedule(json!({"every": "hourly", "graceMinutes": 90}));
    let due = graced.latest_due(at("2026-12-02T00:30:00Z"), Some(RelativeRange::LastHour), 2);
    assert_eq!(due, [at("2026-12-01T22:00:00Z"), at("2026-12-01T23:00:00Z")]);
    let rare = schedule(json!({"every": "cron", "cron": "0 0 29 2 *"}));
    assert_eq!(rare.latest(at("2026-01-01T00:00:00Z"), 1), [at("2024-02-29T00:00:00Z")]);
}

#[test]
fn waits_after_failures_grow() {
    assert_eq!([1, 2, 3, 4, 5, 99].map(retry_secs), [300, 1_800, 7_200, 21_600, 21_600, 21_600]);
}
