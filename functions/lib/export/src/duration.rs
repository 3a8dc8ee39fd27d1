//! Durations as people write them: a whole number and a unit.

/// Returns the seconds of `90s`, `15m`, `1h` or `2d`; `None` for anything else.
pub fn seconds(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    text[..text.len() - 1].parse::<u64>().ok()?.checked_mul(unit)
}

/// Writes seconds in the largest unit that divides them, as [`seconds`] reads them.
pub fn text(secs: u64) -> String {
    let units = [(86_400, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
    let (unit, letter) = units.into_iter().find(|(unit, _)| secs.is_multiple_of(*unit)).unwrap_or((1, 's'));
    format!("{}{letter}", secs / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_uses_the_largest_whole_unit() {
        for text_of in ["90s", "90m", "25h", "365d"] {
            assert_eq!(text(seconds(text_of).unwrap()), text_of);
        }
    }

    #[test]
    fn duration_is_a_number_and_a_unit() {
        assert_eq!(["90s", "15m", "1h", "2d"].map(seconds), [Some(90), Some(900), Some(3600), Some(172_800)]);
        for bad in ["", "d", "2", "2w", "-1d", "1.5h", "d2", "18446744073709551615d", "2é"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
