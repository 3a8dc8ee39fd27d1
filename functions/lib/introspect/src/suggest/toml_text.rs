//! TOML and comments in it. Names come from the server and may contain anything, so nothing in them can end a string or
//! a comment.

/// Returns a basic string.
pub(super) fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if is_control(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns an array of strings on one line.
pub(super) fn list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| string(name)).collect();
    format!("[{}]", names.join(", "))
}

/// Returns the lines of a text as comments.
pub(super) fn comment(text: &str) -> String {
    let mut lines = String::new();
    for line in text.split('\n') {
        lines.push_str(if line.is_empty() { "#" } else { "# " });
        for c in line.chars() {
            if is_control(c) { lines.extend(c.escape_unicode()) } else { lines.push(c) }
        }
        lines.push('\n');
    }
    lines
}

/// Returns a text on one line, with each line break as a space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Reports whether a character is a control character, or an invisible one that changes direction or breaks lines.
/// `sluice` escapes the same characters where it prints.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use export::catalog::Catalog;

    use super::*;

    #[test]
    fn names_cannot_leave_their_string_or_comment() {
        for name in [
            "a\"]\n[datasets.b]\nx = \"",
            "\\",
            "\\u0041",
            "'''",
            "\u{1b}[2J",
            "\u{202e}x",
            "訂單\r\n",
            "a\u{7f}",
        ] {
            let text = format!(
                "{}[datasets.a]\nrelation = \"s.t\"\nfilters = {}\n",
                comment(&one_line(name)),
                list(&[name.to_owned()])
            );
            let catalog = Catalog::parse(&text).unwrap();
            assert_eq!(catalog.datasets.len(), 1, "{text}");
            assert_eq!(catalog.datasets["a"].filters, [name], "{text}");
        }
    }

    #[test]
    fn every_line_of_a_comment_is_one() {
        assert_eq!(comment("a\n\nb\tc"), "# a\n#\n# b\\u{9}c\n");
    }
}
