//! Commands of a shell script, as far as they are needed to find its calls: quotes, continued lines, separators,
//! redirections and substitutions.

/// Command: its words. Those of a redirection are left out.
pub(in crate::cli) type Command = Vec<Word>;

/// Word: its parts in order.
pub(in crate::cli) type Word = Vec<Segment>;

/// Part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Segment {
    /// Text as written, without quotes.
    Text(String),
    /// Variable, with the value that is written in the word for the case that it is not set.
    Variable(String, Option<String>),
    /// Output of these commands.
    Output(Vec<Command>),
}

/// Maximum depth of substitutions.
const MAX_DEPTH: usize = 16;

/// Reads the commands of one line of a script, which ends at the first line break outside of quotes and brackets.
/// Returns them, and the number of bytes read. `None` if a quote is not closed.
pub(in crate::cli) fn line(text: &str) -> Option<(Vec<Command>, usize)> {
    let mut parser = Parser { text, at: 0, depth: 0, heredocs: Vec::new() };
    let commands = parser.commands(None)?;
    Some((commands, parser.at))
}

/// Reads the commands of a text in which a quote may be open.
pub(super) fn unclosed(text: &str) -> Vec<Command> {
    let closed = ["", "'", "\""].into_iter().find_map(|quote| line(&format!("{text}{quote}")));
    let bare = || text.replace(['\'', '"', '`', '$', '\\', '(', ')', '{', '}'], " ");
    closed
        .map(|(commands, _)| commands)
        .unwrap_or_else(|| line(&bare()).map_or(Vec::new(), |(found, _)| found))
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    /// Ends of the documents that begin after this line.
    heredocs: Vec<String>,
}

/// Command that is being read.
#[derive(Default)]
struct Open {
    commands: Vec<Command>,
    command: Command,
    word: Option<Word>,
    /// Kind of the redirection whose target comes next.
    redirection: Option<Redirection>,
}

#[derive(PartialEq, Eq)]
enum Redirection {
    File,
    Document,
}

impl Open {
    fn push(&mut self, c: char) {
        let word = self.word.get_or_insert_default();
        match word.last_mut() {
            Some(Segment::Text(text)) => text.push(c),
            _ => word.push(Segment::Text(c.to_string())),
        }
    }

    fn add(&mut self, segment: Segment) {
        self.word.get_or_insert_default().push(segment);
    }

    /// Ends the word. Returns the end of a document if this was one.
    fn end_word(&mut self) -> Option<String> {
        let word = self.word.take()?;
        match self.redirection.take() {
            Some(Redirection::File) => None,
            Some(Redirection::Document) => Some(literal(&word)?),
            None => {
                self.command.push(word);
                None
            }
        }
    }

    fn end_command(&mut self) {
        if !self.command.is_empty() {
            self.commands.push(std::mem::take(&mut self.command));
        }
        self.redirection = None;
    }

    /// Returns true if the word that is being read is an address, in which `&` and brackets are no operators:
    /// pasted addresses often lack quotes.
    fn is_address(&self) -> bool {
        let first = self.word.as_ref().and_then(|word| word.first());
        match first {
            Some(Segment::Text(text)) => text.starts_with('/') || text.contains("://"),
            first => matches!(first, Some(Segment::Variable(..))),
        }
    }

    /// Begins a redirection; a number before it is that of a file.
    fn redirect(&mut self, kind: Redirection) -> Option<String> {
        if self.word.as_ref().and_then(literal).is_some_and(|word| word.parse::<u8>().is_ok()) {
            self.word = None;
        }
        let ended = self.end_word();
        self.redirection = Some(kind);
        ended
    }
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.text[self.at..].starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    /// Reads commands up to `end`, or up to the line's end without one.
    fn commands(&mut self, end: Option<char>) -> Option<Vec<Command>> {
        let mut open = Open::default();
        while let Some(c) = self.next() {
            let ended = match c {
                _ if Some(c) == end => return Some(finished(open)),
                '\n' => {
                    let ended = open.end_word();
                    open.end_command();
                    self.heredocs.extend(ended);
                    self.skip_documents();
                    if end.is_none() {
                        return Some(finished(open));
                    }
                    None
                }
                c if c.is_whitespace() => open.end_word(),
                '\\' => {
                    self.escaped(&mut open);
                    None
                }
                '\'' => {
                    self.single(&mut open)?;
                    None
                }
                '"' => {
                    self.double(&mut open)?;
                    None
                }
                '$' => {
                    self.dollar(&mut open)?;
                    None
                }
                '`' => {
                    let commands = self.substituted('`')?;
                    open.add(Segment::Output(commands));
                    None
                }
                '#' if open.word.is_none() => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.next();
                    }
                    None
                }
                '&' if self.take(">") => {
                    self.take(">");
                    open.redirect(Redirection::File)
                }
                '&' if open.is_address() && self.peek().is_some_and(|c| !c.is_whitespace() && c != '&') => {
                    open.push(c);
                    None
                }
                '(' | ')' if open.is_address() && end.is_none() => {
                    open.push(c);
                    None
                }
                ';' | '&' | '|' | '(' | ')' => {
                    let ended = open.end_word();
                    open.end_command();
                    if c == '(' {
                        open.commands.extend(self.substituted(')')?);
                    }
                    ended
                }
                '<' if self.take("<<") => open.redirect(Redirection::File),
                '<' if self.take("<") => {
                    self.take("-");
                    open.redirect(Redirection::Document)
                }
                '<' | '>' => {
                    let _ = self.take(">") || self.take("|") || self.take("&");
                    open.redirect(Redirection::File)
                }
                c => {
                    open.push(c);
                    None
                }
            };
            self.heredocs.extend(ended);
        }
        // A substitution has to be closed.
        end.is_none().then(|| finished(open))
    }

    fn escaped(&mut self, open: &mut Open) {
        if self.take("\r\n") || self.take("\n") {
            return;
        }
        match self.next() {
            Some(c) => open.push(c),
            None => open.push('\\'),
        }
    }

    fn single(&mut self, open: &mut Open) -> Option<()> {
        open.word.get_or_insert_default();
        loop {
            match self.next()? {
                '\'' => return Some(()),
                c => open.push(c),
            }
        }
    }

    fn double(&mut self, open: &mut Open) -> Option<()> {
        open.word.get_or_insert_default();
        loop {
            match self.next()? {
                '"' => return Some(()),
                '\\' if self.take("\r\n") || self.take("\n") => {}
                '\\' => match self.peek() {
                    Some(c @ ('"' | '\\' | '$' | '`')) => {
                        self.next();
                        open.push(c);
                    }
                    _ => open.push('\\'),
                },
                '$' if self.peek() == Some('\'') => open.push('$'),
                '$' => self.dollar(open)?,
                '`' => {
                    let commands = self.substituted('`')?;
                    open.add(Segment::Output(commands));
                }
                c => open.push(c),
            }
        }
    }

    /// Reads what follows a dollar sign.
    fn dollar(&mut self, open: &mut Open) -> Option<()> {
        if self.take("'") {
            return self.ansi(open);
        }
        if self.take("((") {
            let length = self.text[self.at..].find("))")?;
            self.at += length + 2;
            open.add(Segment::Variable("((…))".to_owned(), None));
            return Some(());
        }
        if self.take("(") {
            let commands = self.substituted(')')?;
            open.add(Segment::Output(commands));
            return Some(());
        }
        if self.take("{") {
            let length = self.text[self.at..].find('}')?;
            let inner = &self.text[self.at..self.at + length];
            self.at += length + 1;
            let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
            let default = inner[end..].strip_prefix(":-").or(inner[end..].strip_prefix('-'));
            let default = default.filter(|text| !text.contains(['$', '`', '"', '\'', '\\']));
            open.add(Segment::Variable(inner[..end].to_owned(), default.map(str::to_owned)));
            return Some(());
        }
        let rest = &self.text[self.at..];
        let length = match rest.chars().next() {
            Some(c) if c.is_ascii_digit() || matches!(c, '@' | '*' | '?' | '!' | '#') => 1,
            _ => rest.find(|c: char| !is_name(c)).unwrap_or(rest.len()),
        };
        match length {
            0 => open.push('$'),
            _ => open.add(Segment::Variable(rest[..length].to_owned(), None)),
        }
        self.at += length;
        Some(())
    }

    /// Reads the rest of `$'…'`.
    fn ansi(&mut self, open: &mut Open) -> Option<()> {
        open.word.get_or_insert_default();
        loop {
            match self.next()? {
                '\'' => return Some(()),
                '\\' => match self.next()? {
                    'n' => open.push('\n'),
                    't' => open.push('\t'),
                    'r' => open.push('\r'),
                    'x' => self.coded(open, 2),
                    'u' => self.coded(open, 4),
                    c => open.push(c),
                },
                c => open.push(c),
            }
        }
    }

    /// Reads a character's code in at most so many hexadecimal digits.
    fn coded(&mut self, open: &mut Open, most: usize) {
        let digits = self.text[self.at..].bytes().take(most).take_while(u8::is_ascii_hexdigit).count();
        let code =
            u32::from_str_radix(&self.text[self.at..self.at + digits], 16).ok().and_then(char::from_u32);
        open.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
        self.at += digits;
    }

    /// Reads the commands of a substitution.
    fn substituted(&mut self, end: char) -> Option<Vec<Command>> {
        self.depth += 1;
        let commands = if self.depth > MAX_DEPTH { None } else { self.commands(Some(end)) };
        self.depth -= 1;
        commands
    }

    /// Skips the documents that begin here: they are input, not commands.
    fn skip_documents(&mut self) {
        for end in std::mem::take(&mut self.heredocs) {
            while self.at < self.text.len() {
                let rest = &self.text[self.at..];
                let length = rest.find('\n').map_or(rest.len(), |at| at + 1);
                self.at += length;
                if rest[..length].trim() == end {
                    break;
                }
            }
        }
    }
}

fn finished(mut open: Open) -> Vec<Command> {
    open.end_word();
    open.end_command();
    open.commands
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Returns the text of a word without variables.
pub(in crate::cli) fn literal(word: &Word) -> Option<String> {
    let text = |segment: &Segment| match segment {
        Segment::Text(text) => Some(text.clone()),
        _ => None,
    };
    word.iter().map(text).collect()
}

#[cfg(test)]
mod tests;
