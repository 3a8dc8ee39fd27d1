//! Dates and times, in the years 1 to 9999 and to the microsecond: PostgreSQL has no year 0 in this spelling, and
//! would round finer fractions.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use crate::range::format_micros;

/// Reads `2024-01-31`.
pub(super) fn date(text: &str) -> Option<String> {
    if !shaped(text, "dddd-dd-dd") {
        return None;
    }
    let date: Date = text.parse().ok()?;
    (date.year() >= 1).then(|| date.to_string())
}

/// Reads `2024-01-31T12:00:00.5`, written with a space and without unnecessary zeros.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let at: DateTime = civil(text)?;
    let micros = jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?.as_microsecond();
    in_years(micros).then(|| format_micros(micros, ' '))
}

/// Reads `2024-01-31T12:00:00.5+01:00`, written in UTC.
pub(super) fn timestamptz(text: &str) -> Option<String> {
    let (wall, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(wall) => (wall, "+00:00"),
        None => text.split_at_checked(text.len().checked_sub(6)?)?,
    };
    let fits =
        shaped(offset.strip_prefix(['+', '-'])?, "dd:dd") && &offset[1..3] < "24" && &offset[4..] < "60";
    if !fits {
        return None;
    }
    let instant: Timestamp = format!("{}{offset}", civil(wall)?).parse().ok()?;
    let micros = instant.as_microsecond();
    in_years(micros).then(|| format!("{}Z", format_micros(micros, ' ')))
}

/// Reads `12:30:00.5`, also without seconds, and `24:00:00`, the end of a day.
pub(super) fn of_day(text: &str) -> Option<String> {
    if !text.is_ascii() {
        return None;
    }
    let whole = if shaped(text, "dd:dd") { format!("{text}:00") } else { text.to_owned() };
    let (clock, fraction) = whole.split_at_checked(8)?;
    let digits = fraction.strip_prefix('.').unwrap_or_default();
    let fraction_fits =
        fraction.is_empty() || (1..=6).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let digits = digits.trim_end_matches('0');
    let in_day = &clock[..2] < "24" && &clock[3..5] < "60" && &clock[6..] < "60";
    let fits =
        shaped(clock, "dd:dd:dd") && fraction_fits && (in_day || clock == "24:00:00" && digits.is_empty());
    fits.then(|| if digits.is_empty() { clock.to_owned() } else { format!("{clock}.{digits}") })
}

/// Reads `12:30:00+01:00`; times that are the same instant with another offset are other values.
pub(super) fn of_day_with_offset(text: &str) -> Option<String> {
    let (time, offset) = match text.strip_suffix(['Z', 'z']) {
        Some(time) => (time, "+00".to_owned()),
        None => {
            let (time, offset) = text.split_at_checked(text.rfind(['+', '-'])?)?;
            (time, offset.strip_suffix(":00").unwrap_or(offset).to_owned())
        }
    };
    let digits = &offset[1..];
    let fits = (shaped(digits, "dd") || shaped(digits, "dd:dd"))
        && &digits[..2] < "16"
        && digits.get(3..).is_none_or(|minutes| minutes < "60");
    // PostgreSQL omits the minutes of an offset that has none, and has only one zero offset.
    let offset = if offset == "-00" { "+00".to_owned() } else { offset };
    fits.then(|| Some(format!("{}{offset}", of_day(time)?))).flatten()
}

fn civil(text: &str) -> Option<DateTime> {
    if !text.is_ascii() {
        return None;
    }
    let (whole, fraction) = text.split_at_checked(19)?;
    let fraction_fits = fraction.is_empty()
        || fraction
            .strip_prefix('.')
            .is_some_and(|f| (1..=6).contains(&f.len()) && f.bytes().all(|b| b.is_ascii_digit()));
    let separated = matches!(whole.as_bytes()[10], b'T' | b't' | b' ');
    // A leap second and 24:00:00 are rejected, because PostgreSQL would silently move both.
    let in_day = &whole[11..13] < "24" && &whole[17..] < "60";
    let fits = fraction_fits
        && separated
        && shaped(&whole[..10], "dddd-dd-dd")
        && shaped(&whole[11..], "dd:dd:dd")
        && in_day;
    fits.then(|| text.replace(['t', ' '], "T").parse().ok()).flatten()
}

fn in_years(micros: i64) -> bool {
    /// 0001-01-01T00:00:00 and 10000-01-01T00:00:00.
    const YEARS: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;
    YEARS.contains(&micros)
}

/// Returns true if a text has the shape: `d` matches a digit, every other character itself.
fn shaped(text: &str, shape: &str) -> bool {
    let fits = |(byte, want): (u8, u8)| if want == b'd' { byte.is_ascii_digit() } else { byte == want };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}
