//! Hours as a clock shows them. An hour that it shows twice is one long hour, and one that it skips does not exist, so that
//! periods are unambiguous in columns of wall times as well.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::wall::first_at;

/// Number of hours searched. A zone may have skipped a day.
const MAX_HOURS: i32 = 24 * 4;

/// Returns the first instant of the hour that begins at a wall time; `None` if the clock skips it.
fn start(zone: &TimeZone, hour: DateTime) -> Option<Timestamp> {
    let start = first_at(zone, hour)?;
    let shown = zone.to_datetime(start);
    (shown.date() == hour.date() && shown.hour() == hour.hour()).then_some(start)
}

fn floor(wall: DateTime) -> DateTime {
    wall.date().at(wall.hour(), 0, 0, 0)
}

/// Returns the first tick after `after`: `minute` of an hour, or the first instant after it if the clock skips that.
pub(super) fn next_tick(zone: &TimeZone, minute: i8, after: Timestamp) -> Option<Timestamp> {
    let mut hour = floor(zone.to_datetime(after));
    for _ in 0..MAX_HOURS {
        if start(zone, hour).is_some() {
            let tick = first_at(zone, hour.checked_add(i64::from(minute).minutes()).ok()?)?;
            if tick > after {
                return Some(tick);
            }
        }
        hour = hour.checked_add(1.hour()).ok()?;
    }
    None
}

/// Returns the start of the hour in which an instant falls.
pub(super) fn start_of(zone: &TimeZone, at: Timestamp) -> Timestamp {
    let mut hour = floor(zone.to_datetime(at));
    for _ in 0..MAX_HOURS {
        if let Some(start) = start(zone, hour).filter(|start| *start <= at) {
            return start;
        }
        let Ok(before) = hour.checked_sub(1.hour()) else { break };
        hour = before;
    }
    at
}
