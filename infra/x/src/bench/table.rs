//! Tables that are readable in a terminal and valid Markdown.

/// Rows of cells under a header. The first column is text, the others are right-aligned.
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn new(head: &[&str]) -> Self {
        Self { rows: vec![head.iter().map(|cell| cell.replace('|', "\\|")).collect()] }
    }

    /// Adds a row. Missing cells are empty.
    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        // An unescaped pipe would begin another cell.
        let mut cells: Vec<String> = cells.into_iter().map(|cell| cell.replace('|', "\\|")).collect();
        cells.resize(self.rows[0].len(), String::new());
        self.rows.push(cells);
    }

    /// Renders the table as text. Every line has a line end.
    pub(super) fn render(&self) -> String {
        let width = |i: usize| self.rows.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..self.rows[0].len()).map(width).collect();
        let mut text = String::new();
        for (n, row) in self.rows.iter().enumerate() {
            for (i, (cell, &width)) in row.iter().zip(&widths).enumerate() {
                let cell = if i == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
                text += &format!("| {cell} ");
            }
            text += "|\n";
            if n == 0 {
                for (i, &width) in widths.iter().enumerate() {
                    let dashes = "-".repeat(width);
                    text += &if i == 0 { format!("| {dashes} ") } else { format!("| {}: ", &dashes[1..]) };
                }
                text += "|\n";
            }
        }
        text
    }
}

/// Formats a number with the given decimals, or a dash.
pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
}

/// Converts bytes to megabytes of 10^6 bytes.
pub(super) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_aligned_markdown() {
        let mut table = Table::new(&["what", "n"]);
        table.row(["a | é".to_owned(), "12.5".to_owned()]);
        table.row(["b".to_owned()]);
        let lines = ["| what   |    n |", "| ------ | ---: |", "| a \\| é | 12.5 |", "| b      |      |", ""];
        assert_eq!(table.render(), lines.join("\n"));
    }

    #[test]
    fn unknown_figures_are_a_dash() {
        assert_eq!(number(Some(1.256), 2), "1.26");
        assert_eq!(number(None, 2), "-");
        assert_eq!(megabytes(1_500_000), 1.5);
    }
}
