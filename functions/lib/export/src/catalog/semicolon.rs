//! Search for a semicolon that ends a statement, by the rules of PostgreSQL's scanner: in a literal, a quoted name or
//! a comment it is only a character.

/// Returns true if a semicolon ends a statement anywhere in the text.
pub(super) fn ends_a_statement(sql: &str) -> bool {
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            ';' => return true,
            '\'' => after_quoted(after, '\'', has_escapes(&sql[..sql.len() - rest.len()])),
            '"' => after_quoted(after, '"', false),
            '-' if after.starts_with('-') => after.split_once(LINE_ENDS).map_or("", |(_, rest)| rest),
            '/' if after.starts_with('*') => after_comment(&after[1..]),
            '$' if !ends_in_word(&sql[..sql.len() - rest.len()]) => after_dollars(after).unwrap_or(after),
            _ => after,
        };
    }
    false
}

/// Characters that end a line, and so a comment.
const LINE_ENDS: [char; 2] = ['\n', '\r'];

/// Returns true if the quote after this text begins `E'…'`, in which a backslash escapes. Servers before PostgreSQL 15
/// read a number and the `E` after it as two words.
fn has_escapes(before: &str) -> bool {
    before.strip_suffix(['e', 'E']).is_some_and(|before| {
        let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii();
        let word = before.rsplit(|c| !is_word(c)).next().unwrap_or_default();
        word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn ends_in_word(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$' || !c.is_ascii())
}

/// Returns the text after the closing quote; a doubled quote is a character. A literal goes on in another one that
/// begins on a later line, with the same escapes.
fn after_quoted(mut text: &str, quote: char, escapes: bool) -> &str {
    loop {
        let rest = after_quote(text, quote, escapes);
        match continued(rest) {
            Some(more) if escapes => text = more,
            _ => return rest,
        }
    }
}

/// Returns the text after the next quote that is neither doubled nor escaped.
fn after_quote(text: &str, quote: char, escapes: bool) -> &str {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
            return &text[at + 1..];
        }
    }
    ""
}

/// Returns the text after the quote that continues a literal; `None` if it is not continued.
fn continued(text: &str) -> Option<&str> {
    let (mut rest, mut is_later_line) = (text, false);
    loop {
        let trimmed = rest.trim_start_matches([' ', '\t', '\u{b}', '\u{c}', '\n', '\r']);
        is_later_line |= rest[..rest.len() - trimmed.len()].contains(LINE_ENDS);
        match trimmed.strip_prefix("--") {
            Some(comment) => rest = &comment[comment.find(LINE_ENDS)?..],
            None => return trimmed.strip_prefix('\'').filter(|_| is_later_line),
        }
    }
}

/// Returns the text after a comment; comments nest.
fn after_comment(mut text: &str) -> &str {
    let mut depth = 1;
    while depth > 0 {
        let Some(at) = text.find(['*', '/']) else { return "" };
        let here = &text[at..];
        let (change, length) = if here.starts_with("*/") {
            (-1, 2)
        } else if here.starts_with("/*") {
            (1, 2)
        } else {
            (0, 1)
        };
        depth += change;
        text = &here[length..];
    }
    text
}

/// Returns the text after `$tag$…$tag$`, with the first dollar already consumed; `None` if no such literal begins
/// here.
fn after_dollars(text: &str) -> Option<&str> {
    let (tag, body) = text.split_once('$')?;
    let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_' || !c.is_ascii())
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return None;
    }
    let end = format!("${tag}$");
    Some(body.split_once(&end).map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_literals_names_or_comments_are_ignored() {
        for sql in [
            "select ';'",
            "select 'it''s; fine', \"a;b\" from t",
            "select E'\\';', 1",
            "select $$;$$, $x$ ; $y$ ; $x$",
            "select 1 -- ; no\n",
            "select 1 /* ; /* ; */ ; */",
            "select 'never closed ;",
            "select name'x;'",
            "select E'a' -- b\n  '\\';'",
            "select 1 -- \u{2028};",
        ] {
            assert!(!ends_a_statement(sql), "{sql}");
        }
    }

    #[test]
    fn other_semicolons_end_the_statement() {
        for sql in [
            "select 1;",
            "select ';' ; select 2",
            "select 'a\\'; select 2",
            "select nice'\\'; --'",
            "select a$1; b$1",
            "select 1 -- x\n;",
            "select /* a */ ; /* b */ 1",
            "select $1; $1",
            "select 1 -- x\r;",
            "select 1E'\\'';--'",
            "select E'a'\n'\\'';--'",
            "select E'a' '\\';--'",
            "select a1e'\\';--'",
        ] {
            assert!(ends_a_statement(sql), "{sql}");
        }
    }
}
