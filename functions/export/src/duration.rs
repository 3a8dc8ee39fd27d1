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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_is_a_number_and_a_unit() {
        assert_eq!(["90s", "15m", "1h", "2d"].map(seconds), [Some(90), Some(900), Some(3600), Some(172_800)]);
        for bad in ["", "d", "2", "2w", "-1d", "1.5h", "d2", "18446744073709551615d", "2é"] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
