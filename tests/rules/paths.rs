//! Paths in the source text of a crate that begin at its root: `crate::…`, and `super::…` that reaches it. Comments,
//! strings and items for tests are skipped.

use std::collections::{BTreeMap, BTreeSet};

/// Words and signs of a file, without comments, literals and items under `#[cfg(test)]`.
pub(crate) struct Code {
    tokens: Vec<String>,
    /// Names of the modules that the file declares for tests.
    pub(crate) test_modules: Vec<String>,
}

impl Code {
    pub(crate) fn of(text: &str) -> Self {
        let (mut tokens, mut test_modules) = (Vec::new(), Vec::new());
        let all = split(text);
        let mut at = 0;
        while at < all.len() {
            if !all[at..].iter().take(7).eq(["#", "[", "cfg", "(", "test", ")", "]"]) {
                tokens.push(all[at].clone());
                at += 1;
                continue;
            }
            let item = &all[at + 7..];
            if let [.., word, name, _] = &item[..item.iter().position(|t| t == ";").map_or(0, |end| end + 1)]
                && word == "mod"
            {
                test_modules.push(name.clone());
            }
            at += 7 + length(item);
        }
        // Files with these names are for tests, however they are declared.
        test_modules.push("tests".to_owned());
        Self { tokens, test_modules }
    }

    /// Returns the words and signs in their order.
    pub(crate) fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

/// Returns the number of tokens of the item at the start.
fn length(tokens: &[String]) -> usize {
    let mut depth = 0;
    for (i, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return i;
        }
        if depth == 0 && matches!(token.as_str(), ";" | "}") {
            return i + 1;
        }
    }
    tokens.len()
}

/// Splits a text into identifiers, `::` and single signs.
fn split(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let size = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => comment(rest),
            _ if literal(rest).is_some() => literal(rest).unwrap_or_default(),
            _ if rest.starts_with("::") => 2,
            _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(size);
        if rest.starts_with("::") || token.chars().count() == 1 || token.chars().all(is_word) {
            tokens.extend((!token.trim().is_empty()).then(|| token.to_owned()));
        }
        rest = after;
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the length of the block comment at the start. Block comments nest.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        match text.get(at..at + 2) {
            Some("/*") => (depth, at) = (depth + 1, at + 2),
            Some("*/") => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Returns the length of the string or character at the start; `None` if there is none. Lifetimes are none.
fn literal(text: &str) -> Option<usize> {
    let body = text.trim_start_matches(['b', 'c']);
    let prefix = text.len() - body.len();
    if prefix > 1 {
        return None;
    }
    let raw = body.strip_prefix('r').map(|after| after.trim_start_matches('#'));
    if let Some(inner) = raw.and_then(|after| after.strip_prefix('"')) {
        let end = format!("\"{}", "#".repeat(body.len() - inner.len() - 2));
        return Some(text.len() - inner.len() + inner.find(&end)? + end.len());
    }
    let quote = body.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let mut inner = body.char_indices().skip(1);
    while let Some((at, c)) = inner.next() {
        match c {
            '\\' => drop(inner.next()),
            _ if c == quote => return Some(prefix + at + 1),
            // A lifetime: no quote after one character.
            _ if quote == '\''
                && !body[at + c.len_utf8()..].starts_with('\'')
                && !body[1..].starts_with('\\') =>
            {
                return None;
            }
            _ => {}
        }
    }
    None
}

/// Returns the names that follow the root of the crate in the paths of a file, which is `depth` modules below the
/// root.
pub(crate) fn used(code: &Code, depth: usize) -> BTreeSet<String> {
    let tokens = &code.tokens;
    let mut names = BTreeSet::new();
    // The modules in the file around a token, by the depth of their braces.
    let (mut inner, mut braces) = (Vec::new(), 0);
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => {
                braces += 1;
                if at > 1 && tokens[at - 2] == "mod" {
                    inner.push(braces);
                }
            }
            "}" => {
                inner.pop_if(|opened| *opened == braces);
                braces -= 1;
            }
            "crate" => names.extend(after(tokens, at + 1)),
            "super" if at == 0 || tokens[at - 1] != "::" => {
                let supers = tokens[at..].chunks(2).take_while(|pair| *pair == ["super", "::"]).count();
                if supers == depth + inner.len() {
                    names.extend(after(tokens, at + 2 * supers - 1));
                }
            }
            _ => {}
        }
    }
    names
}

/// Returns the first names after the `::` at this place: one, or those of a group in braces.
fn after(tokens: &[String], at: usize) -> Vec<String> {
    match tokens.get(at..).unwrap_or_default() {
        [colons, open, group @ ..] if colons == "::" && open == "{" => {
            entries(group).iter().map(|entry| entry[0].clone()).collect()
        }
        [colons, name, ..] if colons == "::" => vec![name.clone()],
        _ => Vec::new(),
    }
}

/// Splits the rest of a group at the commas of its first level, up to its closing brace.
fn entries(group: &[String]) -> Vec<&[String]> {
    let (mut entries, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, token) in group.iter().enumerate() {
        if depth == 0 && (token == "," || token == "}") {
            entries.extend((at > start).then(|| &group[start..at]));
            start = at + 1;
        }
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 0 => break,
            "}" => depth -= 1,
            _ => {}
        }
    }
    entries
}

/// Returns the names that the `use` items of the crate's root give, each with the module it comes from.
pub(crate) fn exported(root: &Code) -> BTreeMap<String, String> {
    let mut exported = BTreeMap::new();
    let mut braces = 0;
    for (at, token) in root.tokens.iter().enumerate() {
        match token.as_str() {
            "{" => braces += 1,
            "}" => braces -= 1,
            "use" if braces == 0 => {
                let end = root.tokens[at..].iter().position(|t| t == ";").unwrap_or_default();
                let path = &root.tokens[at + 1..at + end];
                let path = match path {
                    [first, _, rest @ ..] if first == "crate" || first == "self" => rest,
                    _ => path,
                };
                if let Some(module) = path.first() {
                    leaves(path, &mut |name| {
                        exported.insert(name.to_owned(), module.clone());
                    });
                }
            }
            _ => {}
        }
    }
    exported
}

/// Passes on the names that a `use` tree gives.
fn leaves(tree: &[String], give: &mut impl FnMut(&str)) {
    match tree.iter().position(|token| token == "{") {
        Some(open) => entries(&tree[open + 1..]).into_iter().for_each(|entry| leaves(entry, give)),
        None => tree.iter().last().into_iter().for_each(|name| give(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, depth: usize) -> Vec<String> {
        used(&Code::of(text), depth).into_iter().collect()
    }

    #[test]
    fn names_after_the_root_are_read() {
        assert_eq!(names("use crate::a::{self, X}; use export::crates::b::Y;", 1), ["a"]);
        assert_eq!(names("use crate::{a, b::{c, d}, e::f as g,};", 1), ["a", "b", "e"]);
        assert_eq!(
            names("pub(crate) fn f(x: &crate::a::X) { crate::b::c(); crate :: d :: e!() }", 1),
            ["a", "b", "d"]
        );
        assert!(names("use a::X; use self::b::X; pub(crate) mod x {} use super::c;", 2).is_empty());
    }

    #[test]
    fn super_is_followed_up_to_the_root() {
        assert_eq!(names("use super::a::X; use super::{b, c};", 1), ["a", "b", "c"]);
        assert_eq!(names("use super::a; use super::super::b; use super::super::{c};", 2), ["b", "c"]);
        assert_eq!(names("mod inner { use super::a; use super::super::b; } use super::c;", 1), ["b", "c"]);
    }

    #[test]
    fn comments_and_literals_are_skipped() {
        let text = r##"
            //! crate::a
            /* crate::b /* crate::c */ crate::d */
            fn f<'a>(x: &'a str) { g("crate::e \" crate::f", '"', r#"crate::g " crate::h"#, b"crate::i", '\''); }
            use crate::j::X; // crate::k
        "##;
        assert_eq!(names(text, 1), ["j"]);
    }

    #[test]
    fn items_for_tests_are_skipped() {
        let text =
            "#[cfg(test)] use crate::a::X; #[cfg(test)] #[allow(x)] fn f(x: [u8; 2]) -> Y { crate::b::c() }
            #[cfg(test)] mod tests { use crate::d; mod x {} } #[cfg(not(test))] use crate::e; use crate::f;
            #[cfg(test)] pub(crate) mod probe;";
        assert_eq!(names(text, 1), ["e", "f"]);
        assert_eq!(Code::of(text).test_modules, ["probe", "tests"]);
    }

    #[test]
    fn exports_of_the_root_have_a_module() {
        let root =
            "mod a; pub use a::{X, inner::Y as Z}; use crate::b::f; pub use self::c::G; fn g() { use d::H; }";
        let found = exported(&Code::of(root));
        let of = |name: &str, module: &str| (name.to_owned(), module.to_owned());
        assert_eq!(found, [of("X", "a"), of("Z", "a"), of("f", "b"), of("G", "c")].into());
    }
}
