//! Expressions, and their ticks against a reference that tries every minute.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::schedule::{Every, Schedule};

#[test]
fn valid_expressions_are_read() {
    for text in [
        "* * * * *",
        "0 6 * * mon-fri",
        "*/15 0-6,18-23 1,15 * *",
        "5 4 * JAN,jul sun",
        "0 0 29 2 *",
        "0 0 1-31/2 * 7",
        "  0   0 * * 0-6 ",
    ] {
        assert!(Cron::parse(text).is_ok(), "{text}");
    }
    assert_eq!(Cron::parse(" 0  6 * * 1 ").unwrap().to_string(), "0 6 * * 1");
}

#[test]
fn invalid_expressions_are_refused() {
    for text in [
        "",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5/10 * * * *",
        "5-1 * * * *",
        "a * * * *",
        "1,, * * * *",
        "-1 * * * *",
        "+1 * * * *",
        "* * L * *",
        "0 0 31 4 *",
        "0 0 30 feb *",
        "* * * mon *",
        "256 * * * *",
        "@daily",
    ] {
        assert!(Cron::parse(text).is_err(), "{text}");
    }
    assert_eq!(
        Cron::parse("* 24 * * *").unwrap_err().to_string(),
        "\"24\" is not valid for the hour (0 to 23)"
    );
}

#[test]
fn one_field_of_days_is_enough_if_both_are_given() {
    let cron = Cron::parse("0 0 13 * fri").unwrap();
    assert!(cron.has_day(date(2026, 11, 13)) && cron.has_day(date(2026, 11, 20)));
    assert!(cron.has_day(date(2026, 10, 13)) && !cron.has_day(date(2026, 10, 14)));
    let both = Cron::parse("0 0 1-7 * */7").unwrap();
    assert!(both.has_day(date(2026, 11, 1)) && !both.has_day(date(2026, 11, 2)));
}

/// A field: one value, a range, a list, a step or all.
fn field(first: u8, last: u8) -> impl Strategy<Value = String> {
    let one = first..=last;
    let range = (first..=last, first..=last).prop_map(|(a, b)| (a.min(b), a.max(b)));
    prop_oneof![
        3 => Just("*".to_owned()),
        2 => one.clone().prop_map(|a| a.to_string()),
        1 => range.clone().prop_map(|(a, b)| format!("{a}-{b}")),
        1 => (range, 1..9_u8).prop_map(|((a, b), step)| format!("{a}-{b}/{step}")),
        1 => (1..9_u8).prop_map(|step| format!("*/{step}")),
        1 => (one.clone(), one).prop_map(|(a, b)| format!("{a},{b}")),
    ]
}

/// Returns true if a field that was written by [`field`] has a value; slow and simple.
fn fits(field: &str, value: i8) -> bool {
    let value = value as u8;
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
            None if range == "*" => (0, 255),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        // Days and months are counted from 1.
        let step: u8 = step.parse().unwrap();
        (from..=to).contains(&value) && (value - from).is_multiple_of(step)
    })
}

proptest! {
    #[test]
    fn next_tick_is_that_of_a_search_minute_by_minute(
        minute in field(0, 59), hour in field(0, 23), day in Just("*".to_owned()), month in Just("*".to_owned()),
        weekday in prop_oneof![Just("*".to_owned()), (0..=6_u8).prop_map(|a| a.to_string()), Just("1-5".to_owned())],
        start in 1_700_000_000_i64..1_800_000_000, zone in 0..5_usize,
    ) {
        let name = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/Los_Angeles", "Pacific/Auckland"][zone];
        let zone = TimeZone::get(name).unwrap();
        let cron = Cron::parse(&[&*minute, &*hour, &*day, &*month, &*weekday].join(" ")).unwrap();
        let schedule = Schedule { every: Every::Cron(cron), zone: zone.clone(), grace_minutes: 0 };
        let start = Timestamp::from_second(start).unwrap();
        let found = schedule.next_after(start);
        // The reference only tries times that exist once, and days without a change of the clock.
        let mut at = Timestamp::from_second(start.as_second() / 60 * 60).unwrap();
        let offset = zone.to_offset(at);
        for _ in 0..8 * 1_440 {
            at += SignedDuration::from_mins(1);
            if zone.to_offset(at) != offset {
                return Ok(());
            }
            let wall = zone.to_datetime(at);
            let is_tick = fits(&minute, wall.minute()) && fits(&hour, wall.hour())
                && fits(&weekday, wall.weekday().to_sunday_zero_offset());
            if is_tick {
                prop_assert!(found == Some(at) || zone.to_ambiguous_timestamp(wall).is_ambiguous(), "{name} {wall}");
                return Ok(());
            }
        }
        prop_assert!(false, "no tick in a week");
    }

    #[test]
    fn days_are_those_of_a_search_day_by_day(
        day in field(1, 31), month in field(1, 12), weekday in field(0, 6), start in 0..3_000_i64,
    ) {
        let Ok(cron) = Cron::parse(&format!("0 0 {day} {month} {weekday}")) else { return Ok(()) };
        let from_one = |field: &str| field.replace('*', if field.starts_with("*/") { "1-99" } else { "*" });
        for n in 0..800 {
            let date = date(2024, 1, 1).checked_add(jiff::ToSpan::days(start + n)).unwrap();
            let in_day = fits(&from_one(&day), date.day());
            let in_week = fits(&weekday, date.weekday().to_sunday_zero_offset());
            let either = !day.starts_with('*') && !weekday.starts_with('*');
            let wanted = fits(&from_one(&month), date.month()) && if either { in_day || in_week } else { in_day && in_week };
            prop_assert_eq!(cron.has_day(date), wanted, "{} {} {} on {}", day, month, weekday, date);
        }
    }
}
