//! Counts in texts, with the right plural.

/// Formats a count: `1 file`, `2,345 files`.
pub fn count(number: u64, one: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped} {one}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_plural_and_thousands_are_grouped() {
        let texts = [0, 1, 999, 1_000, 1_234_567].map(|number| count(number, "row"));
        assert_eq!(texts, ["0 rows", "1 row", "999 rows", "1,000 rows", "1,234,567 rows"]);
    }
}
