//! Quoting of names and values in SQL text.

/// Returns `name` as a quoted identifier, whatever it contains. Source: PostgreSQL manual, 4.1.1.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns `value` as a string literal. If it contains a backslash the form is `E'…'`, whose meaning does not depend on
/// `standard_conforming_strings`.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_backslashes_cannot_end_the_text() {
        assert_eq!(identifier("Order \"new\""), "\"Order \"\"new\"\"\"");
        assert_eq!(literal("O'Brien"), "'O''Brien'");
        assert_eq!(literal("\\' or true --"), "E'\\\\'' or true --'");
    }
}
