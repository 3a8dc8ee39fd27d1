//! Bounds of a request, and their meaning on a range column.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::civil::{days_since_epoch, first_instant, instant, on_calendar};
use super::{RangeKind, Span};

/// The two bounds of a request, as the client wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Start, inclusive.
    pub start: Bound,
    /// End: a date is inclusive (that whole day), an instant is exclusive.
    pub end: Bound,
    /// Zone in which dates are days.
    pub zone: TimeZone,
}

/// One bound of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Date without a time.
    Day(Date),
    /// RFC 3339 instant, in microseconds since 1970.
    Instant(i64),
    /// No bound: everything on that side, `infinity` included.
    Open,
}

/// Error for a bound that has no meaning on a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BoundsError {
    /// An instant on a `date` column.
    #[error("the range column is a date and cannot be compared with an instant")]
    InstantOnDate,
    /// The instant falls into a wall hour that happens twice.
    #[error("{0} is ambiguous: this local time occurs twice in the column's time zone")]
    Repeated(String),
    /// No value is between the bounds.
    #[error("the end is not after the start")]
    Empty,
    /// The requested days are missing from the calendar of the zone, because it crossed the date line.
    #[error("{0} does not exist in {1}: the clock skipped it")]
    Skipped(String, String),
    /// The bound is outside of the years 1 to 9999.
    #[error("the bound is out of range")]
    OutOfRange,
}

impl Bound {
    /// Reads `2024-01-31` or an RFC 3339 instant such as `2024-01-31T12:00:00Z` of the years 1 to 9999; precision up
    /// to a microsecond, since that is PostgreSQL's.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 10 {
            let date: Date = text.parse().ok()?;
            return (date.year() >= 1).then_some(Self::Day(date));
        }
        // RFC 3339 requires a date, a `T` and an offset; jiff accepts more than that.
        let shaped = text.len() >= 20
            && text.is_ascii()
            && matches!(text.as_bytes()[10], b'T' | b't')
            && !text.contains('[');
        shaped.then(|| instant(text)).flatten().map(Self::Instant)
    }
}

impl Bounds {
    /// Returns the span of these bounds on a column of `kind`; `column_zone` is the zone in which a `timestamp`
    /// column was written.
    ///
    /// # Errors
    /// If a bound has no exact meaning there, or no value is between the bounds.
    pub fn span(&self, kind: RangeKind, column_zone: &TimeZone) -> Result<Span, BoundsError> {
        let start = self.place(self.start, false, kind, column_zone)?;
        let end = self.place(self.end, true, kind, column_zone)?;
        Span::new(kind, start, end).ok_or_else(|| self.nothing_between())
    }

    fn place(
        &self,
        bound: Bound,
        is_end: bool,
        kind: RangeKind,
        zone: &TimeZone,
    ) -> Result<i64, BoundsError> {
        let micros = match bound {
            Bound::Open => return Ok(if is_end { Span::OPEN_END } else { Span::OPEN_START }),
            Bound::Day(date) => {
                // An inclusive end date ends where the next day begins.
                let day = days_since_epoch(date) + i64::from(is_end);
                if kind == RangeKind::Date {
                    return Ok(day);
                }
                first_instant(day, &self.zone).ok_or(BoundsError::OutOfRange)?
            }
            Bound::Instant(at) => at,
        };
        match kind {
            RangeKind::Date => Err(BoundsError::InstantOnDate),
            RangeKind::Instant => Ok(micros),
            RangeKind::Wall => on_calendar(micros, |at| wall_micros(at, zone), || BoundsError::OutOfRange),
        }
    }

    /// Returns the reason why no value is between the bounds.
    fn nothing_between(&self) -> BoundsError {
        match (self.start, self.end) {
            (Bound::Day(start), Bound::Day(end)) if start <= end => {
                let days = if start == end { start.to_string() } else { format!("{start} to {end}") };
                BoundsError::Skipped(days, self.zone.iana_name().unwrap_or("the time zone").to_owned())
            }
            _ => BoundsError::Empty,
        }
    }
}

/// Returns the wall time of an instant. Fails if rows before and after the instant share that wall time.
fn wall_micros(instant: Timestamp, zone: &TimeZone) -> Result<i64, BoundsError> {
    let wall = zone.to_datetime(instant);
    let folded = |at: jiff::civil::DateTime| {
        matches!(zone.to_ambiguous_timestamp(at).offset(), jiff::tz::AmbiguousOffset::Fold { .. })
    };
    if folded(wall) {
        // The very first instant of a fold still cuts cleanly: every later wall time is a later instant.
        let first = zone.to_ambiguous_timestamp(wall).earlier().map_err(|_| BoundsError::OutOfRange)?;
        let before = wall.checked_sub(1.microsecond()).map_err(|_| BoundsError::OutOfRange)?;
        if first != instant || folded(before) {
            return Err(BoundsError::Repeated(instant.to_string()));
        }
    }
    let as_utc = TimeZone::UTC.to_timestamp(wall).map_err(|_| BoundsError::OutOfRange)?;
    Ok(as_utc.as_microsecond())
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
    fn invalid_bounds_are_refused() {
        for bad in [
            "2024-02-30",
            "2024-1-1",
            "20240101",
            "",
            "2024-01-01 00:00:00Z",
            "2024-01-01T00:00:00",
            "0000-12-31",
            "0000-12-31T00:00:00Z",
            "10000-01-01",
            "infinity",
            "2024-01-01T00:00:00.0000001Z",
        ] {
            assert_eq!(Bound::parse(bad), None, "{bad}");
        }
        assert!(Bound::parse("2024-01-01T00:00:00+05:45").is_some());
        assert!(Bound::parse("9999-12-31").is_some() && Bound::parse("9999-12-31T23:59:59Z").is_some());
    }

    #[test]
    fn first_and_last_year_are_accepted() {
        let all = days("0001-01-01", "9999-12-31", "Pacific/Kiritimati");
        let text = |kind| {
            let span = all.span(kind, &zone("Pacific/Kiritimati")).unwrap();
            (span.text(span.start), span.text(span.end), span.literal(span.start), span.literal(span.end))
        };
        let texts = |of: [&str; 4]| of.map(ToOwned::to_owned).into();
        assert_eq!(text(RangeKind::Date), texts(["0001-01-01", "10000-01-01", "0001-01-01", "10000-01-01"]));
        let (start, end, ..) = text(RangeKind::Wall);
        assert_eq!((start.as_str(), end.as_str()), ("0001-01-01T00:00:00", "10000-01-01T00:00:00"));
        // Ten hours and forty minutes west of Greenwich by local mean time, fourteen hours east of it today.
        let (start, end, literal, _) = text(RangeKind::Instant);
        assert_eq!((start.as_str(), end.as_str()), ("0001-01-01T10:29:20Z", "9999-12-31T10:00:00Z"));
        assert_eq!(literal, "0001-01-01 10:29:20+00");
        let early =
            days("0001-01-01", "0001-01-01", "Asia/Tokyo").span(RangeKind::Instant, &TimeZone::UTC).unwrap();
        assert_eq!(early.literal(early.start), "0001-12-31 14:41:01+00 BC");
        assert_eq!(early.text(early.start), "0000-12-31T14:41:01Z");
    }

    #[test]
    fn an_open_end_reaches_infinity() {
        let open = Bounds { start: Bound::Open, end: Bound::Open, zone: TimeZone::UTC };
        for kind in [RangeKind::Date, RangeKind::Wall, RangeKind::Instant] {
            let span = open.span(kind, &TimeZone::UTC).unwrap();
            assert_eq!((span.start, span.end), (Span::OPEN_START, Span::OPEN_END));
        }
        let from = Bounds { start: Bound::parse("2024-01-01").unwrap(), ..open };
        let span = from.span(RangeKind::Date, &TimeZone::UTC).unwrap();
        assert_eq!((span.start, span.end), (19_723, Span::OPEN_END));
    }

    #[test]
    fn error_names_a_skipped_day() {
        let apia = |start, end, kind| days(start, end, "Pacific/Apia").span(kind, &TimeZone::UTC);
        let error = apia("2011-12-30", "2011-12-30", RangeKind::Instant).unwrap_err().to_string();
        assert_eq!(error, "2011-12-30 does not exist in Pacific/Apia: the clock skipped it");
        // With its neighbours, and as a date, the skipped day is like any other.
        assert!(apia("2011-12-29", "2011-12-30", RangeKind::Instant).is_ok());
        assert!(apia("2011-12-30", "2011-12-30", RangeKind::Date).is_ok());
        assert_eq!(apia("2024-01-02", "2024-01-01", RangeKind::Date), Err(BoundsError::Empty));
    }

    #[test]
    fn an_instant_on_a_date_column_is_refused() {
        let bounds = days("2024-01-01T00:00:00Z", "2024-01-02", "UTC");
        assert_eq!(bounds.span(RangeKind::Date, &TimeZone::UTC), Err(BoundsError::InstantOnDate));
    }
}
