//! Detection of statements that would pin a session: RDS Proxy then reserves it for one client until that client
//! disconnects, and the others wait although the database is idle. Session pinning filters do not exist for PostgreSQL.
//!
//! Source: "Avoiding pinning an RDS Proxy" in the RDS user guide. The proxy does not notice statements inside a
//! function, which is worse: their settings would affect the next client. So [`hidden_pins`] checks function bodies.

/// Bytes of a statement from which on a session is pinned (16 KB; the guide does not define the kilobyte).
pub const TOO_LONG: usize = 16_000;

/// Reason why a session would be pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pin {
    /// `set`, `reset`, `set_config()`, also `set local`: the guide does not exempt it for PostgreSQL.
    Setting,
    /// `prepare`, `execute`, `deallocate`, `discard`; and a statement with a name.
    Prepared,
    /// `declare`.
    Cursor,
    /// A temporary table, view or sequence.
    Temporary,
    /// `listen`.
    Listening,
    /// `load`.
    Library,
    /// `nextval()`, `setval()`.
    Sequence,
    /// An advisory lock of the session; those of a transaction are fine.
    SessionLock,
    /// Text of [`TOO_LONG`] bytes or more.
    TooLong,
}

/// Returns the reasons for which one message to the server would pin its session.
pub fn pins(text: &str) -> Vec<Pin> {
    let mut found = Vec::new();
    if text.len() >= TOO_LONG {
        found.push(Pin::TooLong);
    }
    for words in statements(text) {
        let first = words.first().map_or("", String::as_str);
        let begins = |with: [&str; 3]| words.iter().map(String::as_str).take(3).eq(with);
        let of_attempt =
            begins(["set", "local", "search_path"]) || begins(["set", "transaction", "snapshot"]);
        found.extend(match first {
            // A session of the source belongs to one attempt and ends with the transaction that this is set in.
            "set" if of_attempt => None,
            "set" | "reset" => Some(Pin::Setting),
            "prepare" | "execute" | "deallocate" | "discard" => Some(Pin::Prepared),
            "declare" => Some(Pin::Cursor),
            "listen" => Some(Pin::Listening),
            "load" => Some(Pin::Library),
            _ => None,
        });
        found.extend(anywhere(&words));
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the effects of function bodies in `text` (everything between dollar quotes) on the session that calls them.
pub fn hidden_pins(text: &str) -> Vec<Pin> {
    let mut found = Vec::new();
    for body in bodies(text) {
        for words in statements(&body) {
            found.extend(anywhere(&words));
            for (i, word) in words.iter().enumerate() {
                // `update … set` and `on conflict do update set` are the remaining uses of the word.
                let is_update = || words[..i].iter().any(|before| before == "update");
                found.extend(match word.as_str() {
                    "set" if !is_update() => Some(Pin::Setting),
                    "discard" | "deallocate" => Some(Pin::Prepared),
                    "listen" => Some(Pin::Listening),
                    _ => None,
                });
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// Returns the first word of every statement of one message.
pub fn verbs(text: &str) -> Vec<String> {
    statements(text).into_iter().filter_map(|words| words.into_iter().next()).collect()
}

/// Returns the reasons that apply anywhere in a statement.
fn anywhere(words: &[String]) -> Vec<Pin> {
    let is_temporary = |word: &String| word == "temp" || word == "temporary";
    let mut found = Vec::new();
    for (i, word) in words.iter().enumerate() {
        let near = &words[i + 1..(i + 5).min(words.len())];
        let made = match word.as_str() {
            "create" => near.iter().any(is_temporary),
            "into" => near.first().is_some_and(is_temporary),
            _ => false,
        };
        found.extend(made.then_some(Pin::Temporary));
        if near.first().is_none_or(|next| next != "(") {
            continue;
        }
        found.extend(match word.as_str() {
            "set_config" => Some(Pin::Setting),
            "nextval" | "setval" => Some(Pin::Sequence),
            word if ["pg_advisory_lock", "pg_advisory_unlock", "pg_try_advisory_lock"]
                .iter()
                .any(|lock| word.starts_with(lock)) =>
            {
                Some(Pin::SessionLock)
            }
            _ => None,
        });
    }
    found
}

/// Splits a message into statements of lower-case words and punctuation. Literals and comments are left out.
fn statements(text: &str) -> Vec<Vec<String>> {
    let mut found = vec![Vec::new()];
    let mut scanner = Scanner { rest: text };
    while let Some(token) = scanner.next() {
        match token {
            Token::End => found.push(Vec::new()),
            Token::Word(word) => {
                if let Some(words) = found.last_mut() {
                    words.push(word);
                }
            }
            Token::Body(_) => {}
        }
    }
    found.retain(|words| !words.is_empty());
    found
}

fn bodies(text: &str) -> Vec<String> {
    let mut scanner = Scanner { rest: text };
    std::iter::from_fn(|| scanner.next())
        .filter_map(|token| if let Token::Body(body) = token { Some(body) } else { None })
        .collect()
}

enum Token {
    /// A word, a quoted name, or a sign.
    Word(String),
    /// Text between dollar quotes.
    Body(String),
    /// A semicolon.
    End,
}

struct Scanner<'a> {
    rest: &'a str,
}

impl Scanner<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            self.rest = self.rest.trim_start();
            let first = self.rest.chars().next()?;
            if self.rest.starts_with("--") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.skip(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
            } else if first == '\'' {
                self.literal(false);
            } else if first == '"' {
                let end = self.rest[1..].find('"').map_or(self.rest.len(), |end| end + 2);
                let name = self.rest[..end].trim_matches('"').to_lowercase();
                self.skip(end);
                return Some(Token::Word(name));
            } else if let Some(body) = self.body() {
                return Some(Token::Body(body));
            } else if first.is_alphanumeric() || first == '_' {
                let is_word = |c: char| c.is_alphanumeric() || c == '_';
                let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
                let word = self.rest[..end].to_lowercase();
                self.skip(end);
                if word == "e" && self.rest.starts_with('\'') {
                    self.literal(true);
                    continue;
                }
                return Some(Token::Word(word));
            } else {
                self.skip(first.len_utf8());
                return Some(if first == ';' { Token::End } else { Token::Word(first.to_string()) });
            }
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }

    /// Skips a literal. A doubled quote begins another one, which has the same effect.
    fn literal(&mut self, escapes: bool) {
        let mut end = self.rest.len();
        let mut signs = self.rest.char_indices().skip(1);
        while let Some((at, sign)) = signs.next() {
            if escapes && sign == '\\' {
                signs.next();
            } else if sign == '\'' {
                end = at + 1;
                break;
            }
        }
        self.skip(end);
    }

    /// Reads the text between dollar quotes, if they begin here; `$1` is a parameter.
    fn body(&mut self) -> Option<String> {
        let tag = &self.rest.strip_prefix('$')?;
        let tag = &tag[..tag.find('$')?];
        if tag.starts_with(|c: char| c.is_ascii_digit())
            || tag.contains(|c: char| !c.is_alphanumeric() && c != '_')
        {
            return None;
        }
        let quote = format!("${tag}$");
        let inside = &self.rest[quote.len()..];
        let end = inside.find(&quote)?;
        let body = inside[..end].to_owned();
        self.skip(2 * quote.len() + end);
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_pin_is_found() {
        for (text, pin) in [
            ("SET statement_timeout = 0", Pin::Setting),
            ("set local timezone = 'UTC'", Pin::Setting),
            ("begin; set transaction read only", Pin::Setting),
            ("reset all", Pin::Setting),
            ("select pg_catalog.set_config('timezone', 'UTC', false)", Pin::Setting),
            ("prepare p as select 1", Pin::Prepared),
            ("execute p", Pin::Prepared),
            ("deallocate all", Pin::Prepared),
            ("/* at the end */ DISCARD ALL", Pin::Prepared),
            ("begin; declare c cursor for select 1", Pin::Cursor),
            ("create temp table t (id int)", Pin::Temporary),
            ("create or replace temporary view v as select 1", Pin::Temporary),
            ("create local temporary sequence s", Pin::Temporary),
            ("select 1 as a into temp t", Pin::Temporary),
            ("listen chunks", Pin::Listening),
            ("load 'auto_explain'", Pin::Library),
            ("select nextval ('s')", Pin::Sequence),
            ("select \"setval\"('s', 1)", Pin::Sequence),
            ("select pg_advisory_lock(1)", Pin::SessionLock),
            ("select pg_try_advisory_lock_shared(1)", Pin::SessionLock),
            ("select pg_advisory_unlock_all()", Pin::SessionLock),
        ] {
            assert_eq!(pins(text), [pin], "{text}");
        }
        assert_eq!(pins(&format!("select '{}'", "x".repeat(TOO_LONG))), [Pin::TooLong]);
        assert_eq!(
            pins("set a = 1; select nextval('s'); load 'x'"),
            [Pin::Setting, Pin::Library, Pin::Sequence]
        );
    }

    #[test]
    fn similar_statements_are_not_pins() {
        for text in [
            "begin isolation level read committed read only",
            "update sluice.chunk set state = 'due' where id = $1",
            "insert into t values (1) on conflict (id) do update set a = 1",
            "select pg_advisory_xact_lock(7306011)",
            "select pg_try_advisory_xact_lock(1)",
            "select 'set a = 1; discard all', e'\\'; reset all', \"set\" from t",
            "select 1 -- ; discard all\n",
            "select 1 /* ; listen x */ as nextval",
            "select $$; set a = 1$$, $1, $tag$ ; listen x $tag$",
            "copy (select \"load\", temp from t) to stdout (format binary)",
        ] {
            assert_eq!(pins(text), [], "{text}");
        }
    }

    #[test]
    fn pins_in_function_bodies_are_found() {
        let function = |body: &str| {
            format!("create function f() returns void language plpgsql as $body$ begin {body} end $body$")
        };
        for (body, pin) in [
            ("set timezone = 'UTC';", Pin::Setting),
            ("if true then set local a = 1; end if;", Pin::Setting),
            ("perform set_config('a', 'b', false);", Pin::Setting),
            ("perform pg_advisory_lock(1);", Pin::SessionLock),
            ("perform nextval('s');", Pin::Sequence),
            ("create temp table t (id int);", Pin::Temporary),
            ("listen x;", Pin::Listening),
        ] {
            assert_eq!(hidden_pins(&function(body)), [pin], "{body}");
            assert_eq!(pins(&function(body)), [], "the proxy does not see it: {body}");
        }
        for body in [
            "update t set a = 1;",
            "insert into t values (1) on conflict do update set a = 1;",
            "perform pg_advisory_xact_lock(1);",
        ] {
            assert_eq!(hidden_pins(&function(body)), [], "{body}");
        }
    }
}
