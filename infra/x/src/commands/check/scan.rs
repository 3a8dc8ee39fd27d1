//! Comments and string literals of a file, for the checks of language and the list of texts.

/// Language of a file, as far as comments and literals are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Rust,
    Sql,
    Python,
    /// YAML, TOML and other settings with `#` comments. Their strings are not read.
    Settings,
}

/// Kind of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Comment,
    Literal,
}

/// Comment up to the end of its line, or string literal, as written in the file, without its first mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span<'a> {
    pub(super) kind: Kind,
    /// Line of its beginning, from 1.
    pub(super) line: usize,
    /// Code of the same line before it.
    pub(super) before: &'a str,
    pub(super) text: &'a str,
}

impl Language {
    /// Returns the language of a file, or `None` if it is not checked.
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name.rsplit_once('.')?.1 {
            "rs" => Self::Rust,
            "sql" => Self::Sql,
            "py" => Self::Python,
            "yaml" | "yml" | "toml" | "conf" => Self::Settings,
            _ => return None,
        })
    }

    fn comment(self) -> &'static str {
        match self {
            Self::Rust => "//",
            Self::Sql => "--",
            Self::Python | Self::Settings => "#",
        }
    }

    /// Returns the lengths of the first mark and of the text, if a literal begins here. A literal without an end
    /// extends to the end of the file.
    fn literal(self, code: &str, at: usize) -> Option<(usize, usize)> {
        let rest = &code[at..];
        let quote = rest.chars().next().filter(|c| ['"', '\''].contains(c))?;
        let end = match self {
            Self::Settings => return None,
            Self::Rust if quote == '\'' => return None,
            Self::Rust => {
                let hashes = code[..at].len() - code[..at].trim_end_matches('#').len();
                if code[..at - hashes].ends_with('r') {
                    let end = format!("\"{}", "#".repeat(hashes));
                    return Some((1, rest[1..].find(&end).unwrap_or(rest.len() - 1)));
                }
                "\"".to_owned()
            }
            Self::Sql if quote == '"' => return None,
            Self::Sql => return Some((1, rest[1..].find('\'').unwrap_or(rest.len() - 1))),
            Self::Python => {
                let three = quote.to_string().repeat(3);
                if rest.starts_with(&three) { three } else { quote.to_string() }
            }
        };
        let inside = &rest[end.len()..];
        let mut from = 0;
        while let Some(found) = inside[from..].find(['\\', quote]).map(|found| from + found) {
            if inside[found..].starts_with(&end) {
                return Some((end.len(), found));
            }
            let escaped = inside[found..].chars().nth(1).map_or(0, char::len_utf8);
            from = found + 1 + if inside[found..].starts_with('\\') { escaped } else { 0 };
        }
        Some((end.len(), inside.len()))
    }
}

/// Returns all comments and literals in order.
pub(super) fn spans(code: &str, language: Language) -> Vec<Span<'_>> {
    let (mut found, mut at, mut line, mut begins) = (Vec::new(), 0, 1, 0);
    while let Some(sign) = code[at..].chars().next() {
        let rest = &code[at..];
        let before = &code[begins..at];
        let mark = language.comment();
        let spaced = language != Language::Settings || before.trim_end() != before || before.is_empty();
        let (kind, skip, length) = if rest.starts_with(mark) && spaced {
            (Kind::Comment, mark.len(), rest.find('\n').unwrap_or(rest.len()) - mark.len())
        } else if let Some((skip, length)) = language.literal(code, at) {
            (Kind::Literal, skip, length)
        } else {
            // A quotation mark as a character of Rust begins no literal.
            let character = ["'\"'", "'\\\"'"].into_iter().find(|quoted| rest.starts_with(quoted));
            let character = character.filter(|_| language == Language::Rust);
            at += character.map_or(sign.len_utf8(), str::len);
            if sign == '\n' {
                (line, begins) = (line + 1, at);
            }
            continue;
        };
        let text = &rest[skip..skip + length];
        found.push(Span { kind, line, before, text });
        let end = if kind == Kind::Comment { 0 } else { skip };
        let whole = &code[at..(at + skip + length + end).min(code.len())];
        line += whole.matches('\n').count();
        begins = whole.rfind('\n').map_or(begins, |newline| at + newline + 1);
        at += whole.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(code: &str, language: Language) -> Vec<(usize, &str)> {
        spans(code, language).into_iter().map(|span| (span.line, span.text)).collect()
    }

    #[test]
    fn comments_and_literals_are_found_with_their_lines() {
        let rust = "/// a \"b\n let c = '\"'; f(\"x \\\" // y\n z\"); // d\nr#\"q\" \"#";
        let found = texts(rust, Language::Rust);
        assert_eq!(found, [(1, "/ a \"b"), (2, "x \\\" // y\n z"), (3, " d"), (4, "q\" ")]);
        let sql = "-- it's\nselect 'a -- b' -- c";
        assert_eq!(texts(sql, Language::Sql), [(1, " it's"), (2, "a -- b"), (2, " c")]);
        let python = "\"\"\"a\n'b'\"\"\"\nx = 'it # is'  # c";
        assert_eq!(texts(python, Language::Python), [(1, "a\n'b'"), (3, "it # is"), (3, " c")]);
        let yaml = "# a\nb: \"c#d\" # e";
        assert_eq!(texts(yaml, Language::Settings), [(1, " a"), (2, " e")]);
    }
}
