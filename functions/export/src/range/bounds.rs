//! The bounds of a request, and what they mean on a range column.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::{RangeKind, Span};

/// The two bounds of a request, as the caller wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Start, inclusive.
    pub start: Bound,
    /// End: a date is inclusive (that whole day), an instant is exclusive.
    pub end: Bound,
    /// The zone in which dates are days.
    pub zone: TimeZone,
}

/// One bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A date alone.
    Day(Date),
    /// An RFC 3339 instant.
    Instant(Timestamp),
}

/// A bound that has no meaning on a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// An instant on a `date` column.
    #[error("the range column is a date; an instant has no meaning on it")]
    InstantOnDate,
    /// The instant falls into a wall hour that happens twice.
    #[error("{0} falls into a wall hour that happens twice in the column's time zone")]
    Repeated(String),
    /// Nothing lies between the bounds.
    #[error("the end is not after the start")]
    Empty,
    /// Outside the years 1 to 9998.
    #[error("the bound is out of range")]
    OutOfRange,
}

/// 0001-01-01T00:00:00 in microseconds since 1970.
const YEAR_1_MICROS: i64 = -62_135_596_800_000_000;

impl Bound {
    /// Reads `2024-01-31` or an RFC 3339 instant such as `2024-01-31T12:00:00Z`; precision up to a
    /// microsecond, since that is PostgreSQL's.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 {
            let date: Date = text.parse().ok()?;
            return (1..=9998).contains(&date.year()).then_some(Self::Day(date));
        }
        // RFC 3339 demands a date, a `T` and an offset; jiff accepts more than that.
        let shaped = text.len() >= 20
            && matches!(text.as_bytes()[10], b'T' | b't')
            && text.is_ascii()
            && !text.contains('[');
        let at: Timestamp = shaped.then(|| text.parse().ok()).flatten()?;
        (at.subsec_nanosecond() % 1000 == 0).then_some(Self::Instant(at))
    }
}

impl Bounds {
    /// The span these bounds mean on a column of `kind`; `column_zone` is the zone in which a
    /// `timestamp` column was written.
    ///
    /// # Errors
    /// Where a bound has no exact meaning there, or nothing lies between.
    pub fn span(&self, kind: RangeKind, column_zone: &TimeZone) -> Result<Span, BoundsError> {
        let start = self.place(self.start, false, kind, column_zone)?;
        let end = self.place(self.end, true, kind, column_zone)?;
        Span::new(kind, start, end).ok_or(BoundsError::Empty)
    }

    fn place(
        &self,
        bound: Bound,
        is_end: bool,
        kind: RangeKind,
        zone: &TimeZone,
    ) -> Result<i64, BoundsError> {
        let instant = match bound {
            Bound::Day(date) => {
                // An inclusive end date ends where the next day begins.
                let date = if is_end {
                    date.checked_add(1.day()).map_err(|_| BoundsError::OutOfRange)?
                } else {
                    date
                };
                if kind == RangeKind::Date {
                    return Ok(days_since_epoch(date));
                }
                date.to_zoned_datetime(self.zone.clone()).map_err(|_| BoundsError::OutOfRange)?.timestamp()
            }
            Bound::Instant(at) => at,
        };
        let micros = match kind {
            RangeKind::Date => return Err(BoundsError::InstantOnDate),
            RangeKind::Instant => instant.as_microsecond(),
            RangeKind::Wall => wall_micros(instant, zone)?,
        };
        // PostgreSQL has no year 0 in this spelling.
        if micros < YEAR_1_MICROS { Err(BoundsError::OutOfRange) } else { Ok(micros) }
    }
}

/// The wall time of an instant, refused where rows before and after it share that wall time.
fn wall_micros(instant: Timestamp, zone: &TimeZone) -> Result<i64, BoundsError> {
    let wall = zone.to_datetime(instant);
    let folded = |at: jiff::civil::DateTime| {
        matches!(zone.to_ambiguous_timestamp(at).offset(), jiff::tz::AmbiguousOffset::Fold { .. })
    };
    if folded(wall) {
        // The very first instant of a fold still cuts cleanly: all that reads later is later.
        let first = zone.to_ambiguous_timestamp(wall).earlier().map_err(|_| BoundsError::OutOfRange)?;
        let before = wall.checked_sub(1.microsecond()).map_err(|_| BoundsError::OutOfRange)?;
        if first != instant || folded(before) {
            return Err(BoundsError::Repeated(instant.to_string()));
        }
    }
    let as_utc = TimeZone::UTC.to_timestamp(wall).map_err(|_| BoundsError::OutOfRange)?;
    Ok(as_utc.as_microsecond())
}

/// The wall time at `instant_micros` in the zone of that name, in microseconds; `None` where the zone is
/// unknown. Of a wall hour that happens twice it is the start: all before it is past for certain.
pub fn wall_at(instant_micros: i64, zone: &str) -> Option<i64> {
    let zone = TimeZone::get(zone).ok()?;
    let wall = zone.to_datetime(Timestamp::from_microsecond(instant_micros).ok()?);
    let micros = TimeZone::UTC.to_timestamp(wall).ok()?.as_microsecond();
    // In the first pass of a repeated hour later instants will show earlier wall times again.
    let later = zone.to_ambiguous_timestamp(wall).later().ok()?.as_microsecond();
    let repeat = (later - instant_micros).max(0);
    Some(micros - repeat)
}

/// The last instant that shows wall time `wall_micros` in the zone of that name.
pub fn instant_of_wall(wall_micros: i64, zone: &str) -> Option<i64> {
    let zone = TimeZone::get(zone).ok()?;
    let wall = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(wall_micros).ok()?);
    Some(zone.to_ambiguous_timestamp(wall).later().ok()?.as_microsecond())
}

/// Days from 1970-01-01 to `date`.
pub(crate) fn days_since_epoch(date: Date) -> i64 {
    let midnight = date.at(0, 0, 0, 0);
    TimeZone::UTC.to_timestamp(midnight).map_or(0, |at| at.as_second() / 86_400)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn days(start: &str, end: &str, tz: &str) -> Bounds {
        Bounds { start: Bound::parse(start).unwrap(), end: Bound::parse(end).unwrap(), zone: zone(tz) }
    }

    #[test]
    fn an_end_date_is_inclusive() {
        let span = days("2023-08-31", "2024-08-04", "UTC").span(RangeKind::Date, &TimeZone::UTC).unwrap();
        assert_eq!((span.text(span.start), span.text(span.end)), ("2023-08-31".into(), "2024-08-05".into()));
        assert_eq!(span.end - span.start, 340);
    }

    #[test]
    fn a_day_begins_at_its_first_instant() {
        // Midnight of 2018-11-04 did not exist in Sao Paulo: the day began at 01:00 (-02).
        let span = days("2018-11-04", "2018-11-04", "America/Sao_Paulo")
            .span(RangeKind::Instant, &TimeZone::UTC)
            .unwrap();
        assert_eq!(span.text(span.start), "2018-11-04T03:00:00Z");
        assert_eq!(span.text(span.end), "2018-11-05T02:00:00Z");
    }

    #[test]
    fn a_wall_column_is_cut_in_its_own_zone() {
        let span =
            days("2024-03-31", "2024-03-31", "UTC").span(RangeKind::Wall, &zone("Asia/Kathmandu")).unwrap();
        assert_eq!(span.text(span.start), "2024-03-31T05:45:00");
        assert_eq!(span.text(span.end), "2024-04-01T05:45:00");
    }

    #[test]
    fn an_instant_in_a_repeated_hour_is_refused() {
        let bounds = days("2024-10-27T01:30:00Z", "2024-12-01", "UTC");
        let error = bounds.span(RangeKind::Wall, &zone("Europe/Amsterdam"));
        assert!(matches!(error, Err(BoundsError::Repeated(_))), "{error:?}");
        let first = days("2024-10-27T00:00:00Z", "2024-12-01", "UTC")
            .span(RangeKind::Wall, &zone("Europe/Amsterdam"));
        assert_eq!(first.map(|s| s.text(s.start)), Ok("2024-10-27T02:00:00".into()));
    }

    #[test]
    fn a_wall_clock_that_is_set_back_is_not_trusted() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let wall =
            |text: &str| wall_at(at(text), "Europe/Amsterdam").map(|m| crate::range::format_micros(m, 'T'));
        assert_eq!(wall("2024-07-01T10:00:00Z"), Some("2024-07-01T12:00:00".into()));
        assert_eq!(wall("2024-10-27T00:30:00Z"), Some("2024-10-27T01:30:00".into()));
        assert_eq!(wall("2024-10-27T01:30:00Z"), Some("2024-10-27T02:30:00".into()));
        let wall = 19_658 * crate::range::DAY_MICROS;
        assert_eq!(instant_of_wall(wall, "UTC"), Some(wall));
    }

    #[test]
    fn what_is_no_bound_is_refused() {
        for bad in [
            "2024-02-30",
            "2024-1-1",
            "20240101",
            "",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00",
            "9999-01-01",
            "2024-01-01T00:00:00.0000001Z",
        ] {
            assert_eq!(Bound::parse(bad), None, "{bad}");
        }
        assert!(Bound::parse("2024-01-01T00:00:00+05:45").is_some());
    }

    #[test]
    fn an_instant_on_a_date_column_is_refused() {
        let bounds = days("2024-01-01T00:00:00Z", "2024-01-02", "UTC");
        assert_eq!(bounds.span(RangeKind::Date, &TimeZone::UTC), Err(BoundsError::InstantOnDate));
    }
}
