//! Relative ranges, and the period that such a range is at a tick.

use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::wall::{day_before, day_of, first_at, first_of};
use super::{Schedule, hours};

/// Range of dates that depends on the time of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum RelativeRange {
    /// The hour before the one of the run.
    #[serde(rename = "last hour")]
    LastHour,
    /// The day before the one of the run.
    #[serde(rename = "yesterday")]
    Yesterday,
    /// The seven days, Monday to Sunday, before the week of the run.
    #[serde(rename = "last week")]
    LastWeek,
    /// The month before the one of the run.
    #[serde(rename = "last closed month")]
    LastClosedMonth,
    /// From the end of the last period that was exported.
    #[serde(rename = "since last success")]
    SinceLastSuccess,
}

/// Half-open period of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Start, inclusive; `None` if it is open.
    pub start: Option<Timestamp>,
    /// End, exclusive.
    pub end: Timestamp,
    /// First and last day, both inclusive, if the period is made of whole days.
    days: Option<(Option<Date>, Date)>,
}

impl RelativeRange {
    /// Every range, with the text that a request has.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::LastHour, "last hour"),
        (Self::Yesterday, "yesterday"),
        (Self::LastWeek, "last week"),
        (Self::LastClosedMonth, "last closed month"),
        (Self::SinceLastSuccess, "since last success"),
    ];

    /// Returns the text that a request has.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(range, _)| *range == self).map_or("", |(_, text)| text)
    }

    /// Returns the end of the period at a tick.
    pub(super) fn end(self, schedule: Option<&Schedule>, zone: &TimeZone, tick: Timestamp) -> Timestamp {
        let today = day_of(zone, tick);
        let first = |date: Date| first_at(zone, date.at(0, 0, 0, 0)).unwrap_or(tick);
        match (self, schedule.map(|schedule| &schedule.every)) {
            (Self::LastHour, _) | (Self::SinceLastSuccess, Some(super::Every::Hour(_))) => {
                hours::start_of(zone, tick)
            }
            (Self::Yesterday, _) => first(today),
            (Self::LastWeek, _) => first(monday(today)),
            (Self::LastClosedMonth, _) => first(today.first_of_month()),
            (Self::SinceLastSuccess, _) if schedule.is_some_and(Schedule::is_of_days) => first(today),
            (Self::SinceLastSuccess, _) => tick,
        }
    }

    /// Returns the period at a tick, or at the instant of a run without a schedule. `since` is the end of the last period
    /// that was exported.
    pub fn period(
        self,
        schedule: Option<&Schedule>,
        zone: &TimeZone,
        tick: Timestamp,
        since: Option<Timestamp>,
    ) -> Period {
        let end = self.end(schedule, zone, tick);
        let before = |date: Date| first_of(zone, date).or_else(|| first_at(zone, date.at(0, 0, 0, 0)));
        let last = day_before(zone, end);
        let from_day = |date: Date| Period { start: before(date), end, days: Some((Some(date), last)) };
        let hour_before = || hours::start_of(zone, end - SignedDuration::from_nanos(1));
        match self {
            Self::LastHour => Period { start: Some(hour_before()), end, days: None },
            Self::Yesterday => from_day(last),
            Self::LastWeek => from_day(monday(last)),
            Self::LastClosedMonth => from_day(last.first_of_month()),
            Self::SinceLastSuccess if schedule.is_some_and(Schedule::is_of_days) => {
                let from = since.map(|since| day_of(zone, since));
                Period { start: from.and_then(before), end, days: Some((from, last)) }
            }
            Self::SinceLastSuccess => Period { start: since, end, days: None },
        }
    }
}

impl FromStr for RelativeRange {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(range, _)| *range).ok_or(())
    }
}

impl Period {
    /// Returns true if nothing is between start and end.
    pub fn is_empty(&self) -> bool {
        self.start.is_some_and(|start| start >= self.end)
    }

    /// Returns the `startDate` of a request: a day, or an instant.
    pub fn start_date(&self) -> Option<String> {
        match self.days {
            Some((first, _)) => first.map(|date| date.to_string()),
            None => self.start.map(|start| start.to_string()),
        }
    }

    /// Returns the `endDate` of a request: the last day, inclusive, or an instant, exclusive.
    pub fn end_date(&self) -> String {
        self.days.map_or_else(|| self.end.to_string(), |(_, last)| last.to_string())
    }
}

/// Returns the Monday of a day's week.
fn monday(date: Date) -> Date {
    let since = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(since.days()).unwrap_or(date)
}
