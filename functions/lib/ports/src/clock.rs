//! Time of day, in microseconds since 1970 in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns the current time.
pub fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Returns the time in `secs` seconds.
pub fn micros_in(secs: u32) -> i64 {
    now_micros().saturating_add(i64::from(secs) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_an_hour_is_an_hour_from_now() {
        let (before, then) = (now_micros(), micros_in(3600));
        assert!((before + 3_600_000_000..before + 3_660_000_000).contains(&then), "{before} {then}");
    }
}
