//! `interval`: ISO 8601 durations, and the form in which PostgreSQL writes intervals. Other forms that PostgreSQL
//! reads depend on its settings, or leave out the unit.

/// Maximum number of digits of one number, so that no sum leaves the type's range.
const MAX_DIGITS: usize = 8;

/// Units of PostgreSQL's own form; each may be given once.
const UNITS: [&[&str]; 4] = [&["year", "years"], &["mon", "mons"], &["week", "weeks"], &["day", "days"]];

/// Reads `P1Y2M3DT4H5M6.5S`, or `1 year 2 mons 3 days 04:05:06.5`.
pub(super) fn read(text: &str) -> Option<String> {
    let fits = match text.strip_prefix('P') {
        Some(parts) => is_iso(parts),
        None => is_postgres(text),
    };
    fits.then(|| text.to_owned())
}

fn is_iso(text: &str) -> bool {
    let (days, time) = match text.split_once('T') {
        Some((days, time)) => (days, Some(time)),
        None => (text, None),
    };
    let fits = parts(days, "YMWD") && time.is_none_or(|time| !time.is_empty() && parts(time, "HMS"));
    fits && !text.is_empty()
}

/// Returns true if the text is numbers with these units, in this order. Only seconds have a fraction.
fn parts(mut text: &str, units: &str) -> bool {
    let mut units = units.chars();
    while !text.is_empty() {
        let Some(at) = text.find(|c: char| c.is_ascii_alphabetic()) else { return false };
        let (number, rest) = text.split_at(at);
        let unit = rest.chars().next();
        let fits = if unit == Some('S') { seconds(number) } else { whole(number) };
        if !fits || !units.any(|known| Some(known) == unit) {
            return false;
        }
        text = &rest[1..];
    }
    true
}

fn is_postgres(text: &str) -> bool {
    let mut words: Vec<&str> = text.split(' ').collect();
    if words.last().is_some_and(|word| word.contains(':')) && !words.pop().is_some_and(clock) {
        return false;
    }
    let mut units = UNITS.iter();
    let pairs = words.chunks(2).all(|pair| {
        let [number, unit] = pair else { return false };
        whole(number) && units.any(|known| known.contains(unit))
    });
    pairs && !text.is_empty()
}

/// Returns true if the text has the form `04:05:06.5`.
fn clock(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let mut fields = unsigned.split(':');
    let sixty = |text: &str| text.len() == 2 && digits(text) && text < "60";
    let (hours, minutes, rest) = (fields.next(), fields.next(), fields.next());
    let seconds = rest.is_none_or(|text| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        sixty(whole) && digits(fraction) && fraction.len() <= 6
    });
    hours.is_some_and(|h| digits(h) && h.len() <= MAX_DIGITS)
        && minutes.is_some_and(sixty)
        && seconds
        && fields.next().is_none()
}

fn seconds(text: &str) -> bool {
    let (number, fraction) = text.split_once('.').unwrap_or((text, "0"));
    whole(number) && digits(fraction) && fraction.len() <= 6
}

fn whole(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits(unsigned) && unsigned.len() <= MAX_DIGITS
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_interval_formats_are_read() {
        for text in [
            "P1D",
            "P1Y2M3DT4H5M6.5S",
            "PT-90M",
            "P2W",
            "1 day",
            "04:05:06",
            "1 year -2 mons +3 days -04:05:06.5",
            "02:00",
            "00:00:00",
        ] {
            assert_eq!(read(text).as_deref(), Some(text));
        }
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1",
            "1 fortnight",
            "P1D1Y",
            "1 day 1 day",
            "1 day ",
            "P1.5D",
            "tomorrow",
            "123456789 days",
            "25:61:00",
            "1:2:3",
            "1 day ago",
            "@ 1 day",
            "infinity",
            "1 mon 1 year",
            "day",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
