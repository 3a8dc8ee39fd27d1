//! Schedules: the ticks at which the runs of a saved export are due, and the period that each of them covers.
//!
//! Everything is calculated on the calendar of a time zone. A wall time that the clock skips is the first instant after the
//! gap, and one that it shows twice is its first occurrence, so each hour, day, week and month has exactly one tick.

mod cron;
mod days;
mod hours;
mod period;
mod read;
mod wall;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use cron::{Cron, CronError};
pub use period::{Period, RelativeRange};
pub use read::MAX_GRACE_MINUTES;
pub(crate) use read::{read, zone};

/// Maximum number of missed periods that are caught up. Older ones are recorded as skipped.
pub const MAX_MISSED: usize = 100;

/// Seconds until a failed run is tried again, after its first, second, third and each further failure.
const RETRY_SECS: [u32; 4] = [300, 1_800, 7_200, 21_600];

/// Length of the first window in which the latest ticks are searched; it doubles until it holds enough of them.
const FIRST_WINDOW: SignedDuration = SignedDuration::from_hours(2);

/// Length at which that search ends: the rarest schedule has a tick within eight years.
const LAST_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 366 * 10);

/// Frequency of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Every {
    /// Each hour, at this minute.
    Hour(i8),
    /// Each day.
    Day(Time),
    /// Each week, on this day.
    Week(Weekday, Time),
    /// Each month, on this day of it: 1 to 28, which every month has.
    Month(i8, Time),
    /// The times of a cron expression.
    Cron(Cron),
}

/// Times at which a saved export runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Frequency, with the time of day.
    pub every: Every,
    /// Zone of all times and days.
    pub zone: TimeZone,
    /// Minutes after the end of its period before which no run begins, so that late rows are included.
    pub grace_minutes: u32,
}

impl Schedule {
    /// Returns the first tick after an instant; `None` if there is none.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match &self.every {
            Every::Hour(minute) => hours::next_tick(&self.zone, *minute, after),
            Every::Day(at) => days::next(&self.zone, after, |_| true, &[*at]),
            Every::Week(day, at) => days::next(&self.zone, after, |date| date.weekday() == *day, &[*at]),
            Every::Month(day, at) => days::next(&self.zone, after, |date| date.day() == *day, &[*at]),
            Every::Cron(cron) => days::next(&self.zone, after, |date| cron.has_day(date), &cron.times()),
        }
    }

    /// Returns the latest ticks up to and including `until`, oldest first, at most `most`.
    pub fn latest(&self, until: Timestamp, most: usize) -> Vec<Timestamp> {
        self.latest_of(until, most, |_| true)
    }

    /// Returns the latest ticks whose runs are due at `now`, oldest first, at most `most`.
    pub fn latest_due(&self, now: Timestamp, range: Option<RelativeRange>, most: usize) -> Vec<Timestamp> {
        self.latest_of(now, most, |tick| self.due(tick, range) <= now)
    }

    fn latest_of(
        &self,
        until: Timestamp,
        most: usize,
        is_wanted: impl Fn(Timestamp) -> bool,
    ) -> Vec<Timestamp> {
        let mut window = FIRST_WINDOW;
        loop {
            let from = until.checked_sub(window).unwrap_or(Timestamp::MIN);
            let next = |at: &Timestamp| self.next_after(*at).filter(|next| *next <= until);
            let ticks = std::iter::successors(next(&from), next);
            let mut found: Vec<_> = ticks.filter(|tick| is_wanted(*tick)).collect();
            if found.len() >= most || window > LAST_WINDOW || from == Timestamp::MIN {
                return found.split_off(found.len().saturating_sub(most));
            }
            window *= 2;
        }
    }

    /// Returns the instant at which the run of a tick is due: the tick itself, but no earlier than the grace time after the
    /// end of its period.
    pub fn due(&self, tick: Timestamp, range: Option<RelativeRange>) -> Timestamp {
        let grace = SignedDuration::from_mins(i64::from(self.grace_minutes));
        let end = range.map(|range| range.end(Some(self), &self.zone, tick));
        end.and_then(|end| end.checked_add(grace).ok()).map_or(tick, |late| late.max(tick))
    }

    /// Returns the period that the run of a tick covers. `since` is the end of the last period that was exported.
    pub fn period(&self, range: RelativeRange, tick: Timestamp, since: Option<Timestamp>) -> Period {
        let before = || self.latest(tick - SignedDuration::from_nanos(1), 1).first().copied();
        let since = since.or_else(|| before().map(|before| range.end(Some(self), &self.zone, before)));
        range.period(Some(self), &self.zone, tick, since)
    }

    /// Returns true if periods are whole days, so that they can be given as dates.
    fn is_of_days(&self) -> bool {
        matches!(self.every, Every::Day(_) | Every::Week(..) | Every::Month(..))
    }
}

/// Returns the seconds until a run is tried again after this number of failures.
pub fn retry_secs(failures: u32) -> u32 {
    let at = usize::try_from(failures.saturating_sub(1)).unwrap_or(usize::MAX);
    RETRY_SECS[at.min(RETRY_SECS.len() - 1)]
}

#[cfg(test)]
mod tests;
