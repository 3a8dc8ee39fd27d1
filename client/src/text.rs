//! Text output: tables, numbers, and names that cannot affect a terminal.

use std::borrow::Cow;
use std::path::Path;

pub(crate) use export::count::count;

/// Escapes characters that a terminal interprets in a text of several lines, any part of which may come from a server
/// or a foreign file.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_control(c))
}

/// Escapes the same characters and line breaks, for a text on one line.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_control)
}

fn escaped(text: &str, is_odd: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if is_odd(c) { c.escape_unicode().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Returns true for control characters, and for invisible ones that change direction or break lines.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces words of the api by those of its caller, in the order of the list.
pub(crate) fn reworded(text: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Formats a path as one word of a shell, for commands that the user can paste.
pub(crate) fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "_./:=@%+,-".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Formats a size: `1.25 GiB`.
pub(crate) fn bytes(number: u64) -> String {
    indicatif::HumanBytes(number).to_string()
}

/// Formats a duration: `45 s`, `3 min 05 s`, `2 h 10 min`.
pub(crate) fn duration(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// Formats rows of cells as aligned lines. A column whose head begins with `>` is right-aligned.
pub(crate) fn table(heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines: Vec<Vec<String>> =
        vec![heads.iter().map(|h| h.trim_start_matches('>').to_owned()).collect()];
    lines.extend(rows.iter().map(|row| row.iter().map(|cell| one_line(cell).into_owned()).collect()));
    let width =
        |i: usize| lines.iter().filter_map(|l| l.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(heads).zip(&widths).map(|((cell, head), width)| {
            if head.starts_with('>') { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Breaks the last column of a table between words, so that no line is longer than `width` characters. A table that
/// leaves the column too little room stays as it is.
pub(crate) fn fold_last(table: &str, last: &str, width: usize) -> String {
    let head = table.lines().next().unwrap_or_default();
    let indent = head.strip_suffix(last).map_or(width, |before| before.chars().count());
    let room = width.saturating_sub(indent);
    if room < MIN_FOLDED {
        return table.to_owned();
    }
    table.lines().map(|line| fold(line, indent, room)).collect::<Vec<_>>().join("\n")
}

/// Least width of a column that is folded, in characters.
const MIN_FOLDED: usize = 16;

fn fold(line: &str, indent: usize, room: usize) -> String {
    let start = line.char_indices().nth(indent).map_or(line.len(), |(at, _)| at);
    let (before, column) = line.split_at(start);
    let mut folded = before.to_owned();
    let mut used = 0;
    for word in column.split(' ') {
        let long = word.chars().count();
        if used > 0 && used + 1 + long > room {
            folded.push('\n');
            folded.extend(std::iter::repeat_n(' ', indent));
            used = 0;
        } else if used > 0 {
            folded.push(' ');
            used += 1;
        }
        folded.push_str(word);
        used += long;
    }
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_for_terminals() {
        assert_eq!(printable("a\n\u{1b}]0;x\u{7}\u{9b}2K"), "a\n\\u{1b}]0;x\\u{7}\\u{9b}2K");
        assert_eq!(one_line("a\nb\u{202e}"), "a\\u{a}b\\u{202e}");
        assert!(matches!(printable("Zoë\n"), Cow::Borrowed(_)));
    }

    #[test]
    fn paths_are_one_word_of_a_shell() {
        let word = |path: &str| shell_word(Path::new(path));
        assert_eq!([word("out/a-1"), word("Zoë")], ["out/a-1", "Zoë"]);
        assert_eq!([word("my data"), word("it's"), word("$x")], ["'my data'", "'it'\\''s'", "'$x'"]);
    }

    #[test]
    fn the_last_column_breaks_between_words() {
        let long = "no usable index on the range column: one chunk";
        let rows = [vec!["orders".into(), long.into()], vec!["a".into(), String::new()]];
        let table = table(&["dataset", "note"], &rows);
        assert_eq!(
            fold_last(&table, "note", 30),
            "dataset  note\norders   no usable index on\n         the range column: one\n         chunk\na"
        );
        assert_eq!(fold_last(&table, "note", 20), table);
        assert_eq!(fold_last(&table, "note", 200), table);
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [vec!["orders".into(), "12".into()], vec!["a".into(), "3,456".into()]];
        assert_eq!(table(&["dataset", ">rows"], &rows), "dataset   rows\norders      12\na        3,456");
        assert_eq!([5, 185, 7800].map(duration), ["5 s", "3 min 05 s", "2 h 10 min"]);
    }
}
