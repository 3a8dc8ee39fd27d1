//! Cron expressions: five fields, minute, hour, day of the month, month, day of the week.

use std::fmt;

use jiff::civil::{Date, Time};

/// Names of months, from 1.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Names of days of the week, from 0.
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Days of each month, of February in a leap year.
const MONTH_DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Parsed expression. A day fits if both fields of days fit; if neither begins with `*`, one of them is enough.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    /// 0 is Sunday.
    weekdays: u64,
    /// True if one of the two fields of days is enough.
    either: bool,
}

/// Reason why an expression was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// Another number of fields than five.
    #[error("it has {0} fields instead of 5")]
    Fields(usize),
    /// A field that cannot be read.
    #[error("{part:?} is not valid for the {field} ({first} to {last})")]
    Field {
        /// Part of the list that is wrong.
        part: String,
        /// Name of the field.
        field: &'static str,
        /// Smallest value.
        first: u8,
        /// Largest value.
        last: u8,
    },
    /// A day that no chosen month has.
    #[error("it never occurs: no chosen month has such a day")]
    Never,
}

/// One of the five fields.
struct Field {
    name: &'static str,
    first: u8,
    last: u8,
    names: &'static [&'static str],
}

const FIELDS: [Field; 5] = [
    Field { name: "minute", first: 0, last: 59, names: &[] },
    Field { name: "hour", first: 0, last: 23, names: &[] },
    Field { name: "day of the month", first: 1, last: 31, names: &[] },
    Field { name: "month", first: 1, last: 12, names: &MONTHS },
    // 7 is Sunday, too.
    Field { name: "day of the week", first: 0, last: 7, names: &WEEKDAYS },
];

impl Field {
    /// Returns the set of values as bits.
    fn read(&self, text: &str) -> Result<u64, CronError> {
        text.split(',').try_fold(0, |set, part| Ok(set | self.part(part).ok_or_else(|| self.wrong(part))?))
    }

    fn wrong(&self, part: &str) -> CronError {
        let part = part.chars().take(40).collect();
        CronError::Field { part, field: self.name, first: self.first, last: self.last }
    }

    fn part(&self, part: &str) -> Option<u64> {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(number(step).filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (self.first, self.last),
            (_, Some((from, to))) => (self.value(from)?, self.value(to)?),
            // A step needs a range.
            (one, None) if step.is_none() => (self.value(one)?, self.value(one)?),
            _ => return None,
        };
        let values = (from..=to).step_by(usize::from(step.unwrap_or(1)));
        (from <= to).then(|| values.fold(0, |set, value| set | 1 << value))
    }

    fn value(&self, text: &str) -> Option<u8> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u8::try_from(at).ok()).map(|at| at + self.first);
        named.or_else(|| number(text)).filter(|value| (self.first..=self.last).contains(value))
    }
}

fn number(text: &str) -> Option<u8> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn has(set: u64, value: i8) -> bool {
    u32::try_from(value).is_ok_and(|value| set >> value & 1 == 1)
}

impl Cron {
    /// Reads an expression.
    ///
    /// # Errors
    /// The first part that is not valid.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let fields: Vec<_> = text.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(CronError::Fields(fields.len()));
        };
        let set = |at: usize, text: &str| FIELDS[at].read(text);
        let sunday = |set: u64| set & 0x7f | set >> 7;
        let cron = Self {
            text: fields.join(" "),
            minutes: set(0, minutes)?,
            hours: set(1, hours)?,
            days: set(2, days)?,
            months: set(3, months)?,
            weekdays: sunday(set(4, weekdays)?),
            either: !days.starts_with('*') && !weekdays.starts_with('*'),
        };
        let exists = |month: &usize| {
            cron.months >> (month + 1) & 1 == 1
                && (1..=MONTH_DAYS[*month]).any(|day| cron.days >> day & 1 == 1)
        };
        if cron.either || (0..12).any(|month| exists(&month)) { Ok(cron) } else { Err(CronError::Never) }
    }

    /// Returns true if there are ticks on a day.
    pub(super) fn has_day(&self, date: Date) -> bool {
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        has(self.months, date.month()) && if self.either { day || weekday } else { day && weekday }
    }

    /// Returns the times of each of its days, in order.
    pub(super) fn times(&self) -> Vec<Time> {
        let hours = (0..24).filter(|hour| has(self.hours, *hour));
        let minutes =
            |hour| (0..60).filter(|m| has(self.minutes, *m)).map(move |m| jiff::civil::time(hour, m, 0, 0));
        hours.flat_map(minutes).collect()
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
