//! Dates in parameters of other APIs.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Meaning of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// First day.
    Start,
    /// Last day.
    End,
    /// The only day, month or year.
    Period,
}

/// Names of parameters, without signs and in small letters.
const START: [&str; 20] = [
    "from",
    "since",
    "start",
    "begin",
    "after",
    "startdate",
    "fromdate",
    "datefrom",
    "datestart",
    "starttime",
    "createdafter",
    "updatedafter",
    "updatedsince",
    "createdsince",
    "modifiedsince",
    "mindate",
    "dategte",
    "datemin",
    "createdfrom",
    "updatedfrom",
];
const END: [&str; 18] = [
    "to",
    "until",
    "end",
    "before",
    "till",
    "enddate",
    "todate",
    "dateto",
    "dateend",
    "endtime",
    "createdbefore",
    "updatedbefore",
    "createdto",
    "updatedto",
    "maxdate",
    "datelte",
    "datemax",
    "through",
];
const PERIOD: [&str; 6] = ["date", "day", "month", "year", "period", "on"];

/// Returns the role of a parameter, if its name is one of a date.
pub(super) fn role(name: &str) -> Option<Role> {
    let bare: String = name.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
    let bare = bare.to_ascii_lowercase();
    let bare = bare.as_str();
    if START.contains(&bare) {
        return Some(Role::Start);
    }
    if END.contains(&bare) {
        return Some(Role::End);
    }
    PERIOD.contains(&bare).then_some(Role::Period)
}

/// Returns the first and the last day of a value: a day, a month, a year, an instant, or seconds since the epoch.
pub(super) fn days(value: &str) -> Option<(Date, Date)> {
    let value = value.trim();
    let number = |range: std::ops::Range<usize>| value.get(range)?.parse::<i16>().ok();
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    let small = |n: Option<i16>| n.and_then(|n| i8::try_from(n).ok());
    match (value.len(), digits) {
        (4, true) => {
            let year = number(0..4)?;
            Some((Date::new(year, 1, 1).ok()?, Date::new(year, 12, 31).ok()?))
        }
        (8, true) => one(Date::new(number(0..4)?, small(number(4..6))?, small(number(6..8))?).ok()?),
        (10 | 13, true) => {
            let number: i64 = value.parse().ok()?;
            let millis = if value.len() == 13 { number } else { number * 1000 };
            one(TimeZone::UTC.to_datetime(Timestamp::from_millisecond(millis).ok()?).date())
        }
        (6 | 7, _) => {
            // 2024-5, 2024-05, 2024/05
            let (year, month) = value.split_once(['-', '/'])?;
            let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
            Some((first, first.last_of_month()))
        }
        // The day of an instant as written: its zone is not known to matter.
        _ => one(value.get(..10)?.replace('/', "-").parse().ok()?),
    }
}

fn one(date: Date) -> Option<(Date, Date)> {
    Some((date, date))
}

/// Returns the months of a year that are given by separate parameters, such as `year=2024&month=5`.
pub(super) fn month_of(year: &str, month: &str) -> Option<(Date, Date)> {
    let first = Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?;
    Some((first, first.last_of_month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_roles_in_every_spelling() {
        assert_eq!(
            ["start_date", "startDate", "filter[from]"].map(role),
            [Some(Role::Start), Some(Role::Start), None]
        );
        assert_eq!(
            ["end-date", "UNTIL", "month"].map(role),
            [Some(Role::End), Some(Role::End), Some(Role::Period)]
        );
        assert_eq!(role("country"), None);
    }

    #[test]
    fn values_are_days_months_and_years() {
        let of = |value: &str| days(value).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(of("2024-02").unwrap(), "2024-02-01 2024-02-29");
        assert_eq!(of("2024").unwrap(), "2024-01-01 2024-12-31");
        for day in
            ["2024-01-31", "20240131", "2024/01/31", "2024-01-31T23:00:00Z", "1706659200", "1706659200000"]
        {
            assert_eq!(of(day).unwrap(), "2024-01-31 2024-01-31", "{day}");
        }
        for bad in ["", "yesterday", "2024-13", "2024-02-30", "31.01.2024", "é"] {
            assert_eq!(of(bad), None, "{bad}");
        }
        assert_eq!(month_of("2024", "2").unwrap().1.to_string(), "2024-02-29");
    }
}
