//! Figures and tables as the documents show them.

/// Returns the number with this many decimals and commas between thousands.
pub(super) fn thousands(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if fraction.is_empty() { grouped } else { format!("{grouped}.{fraction}") }
}

/// Returns an amount of US dollars; a dash for nothing.
pub(super) fn usd(value: f64) -> String {
    if value >= 1000.0 {
        thousands(value, 0)
    } else if value >= 0.1 {
        format!("{value:.2}")
    } else if value == 0.0 {
        "–".to_owned()
    } else {
        format!("{value:.4}")
    }
}

/// Returns two figures, at the floor and at the measured pace, or one if they look alike.
pub(super) fn span(least: f64, most: f64, show: impl Fn(f64) -> String) -> String {
    let (least, most) = (show(least), show(most));
    if least == most { least } else { format!("{least} – {most}") }
}

/// Returns the percentage without decimals.
pub(super) fn percent(value: f64) -> String {
    format!("{:.0}%", value * 100.0)
}

/// Returns how much of a limit is used: the percentage, or the multiple from 10 on.
pub(super) fn share(value: f64) -> String {
    if value < 10.0 { percent(value) } else { format!("{} ×", thousands(value, 0)) }
}

/// Returns a table in Markdown.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![format!("| {} |", head.join(" | ")), format!("|{}", "---|".repeat(head.len()))];
    lines.extend(rows.iter().map(|row| format!("| {} |", row.join(" | "))));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_matter() {
        let usds = [0.0, 0.000_04, 0.0999, 0.1, 12.345, 999.994, 1000.0, 1_234_567.8].map(usd);
        assert_eq!(usds, ["–", "0.0000", "0.0999", "0.10", "12.35", "999.99", "1,000", "1,234,568"]);
        assert_eq!([1.0, 999.0, 129_698.24].map(|value| thousands(value, 1)), ["1.0", "999.0", "129,698.2"]);
        assert_eq!([0.005, 3.64, 9.999, 24.2, 1234.0].map(share), ["0%", "364%", "1000%", "24 ×", "1,234 ×"]);
    }

    #[test]
    fn equal_figures_are_shown_once() {
        assert_eq!(span(0.111, 0.112, usd), "0.11");
        assert_eq!(span(0.111, 0.122, usd), "0.11 – 0.12");
    }

    #[test]
    fn a_table_has_a_line_per_row() {
        let rows = [vec!["x".to_owned(), "y".to_owned()]];
        assert_eq!(table(&["a", "b"], &rows), "| a | b |\n|---|---|\n| x | y |");
    }
}
