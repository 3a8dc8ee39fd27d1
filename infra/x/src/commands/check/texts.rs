//! Texts that users can meet, with their places: literals of the programs, the help of `sluice`, descriptions in the
//! templates and messages in SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::scan::{Kind, Language, spans};
use super::voice;
use crate::machine::paths;

/// First words of SQL statements, and of parts of them.
const SQL: [&str; 14] = [
    "select", "insert", "update", "delete", "with", "drop", "begin", "lock", "explain", "copy", "from",
    "where", "order", "case",
];

/// Macros of clap that make options and help of a type.
const CLAP: [&str; 4] = ["Parser", "Args", "Subcommand", "ValueEnum"];

/// Prints every text as `file:line: text`, and their number by area.
///
/// # Errors
/// If a file cannot be read.
pub(crate) fn print() -> Result<ExitCode> {
    let (root, mut counts) = (paths::root(), BTreeMap::<_, usize>::new());
    for path in voice::sources(&root)? {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let Some(area) = area(&name) else { continue };
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {name}"))?;
        for (line, text) in texts(&name, &text) {
            println!("{name}:{line}: {text}");
            *counts.entry(area.to_owned()).or_default() += 1;
        }
    }
    println!();
    counts.iter().for_each(|(area, count)| println!("{count:>6}  {area}"));
    println!("{:>6}  in all", counts.values().sum::<usize>());
    Ok(ExitCode::SUCCESS)
}

/// Returns the crate or folder of a file, or `None` if users meet no text of it.
fn area(name: &str) -> Option<&str> {
    let steps: Vec<_> = name.split('/').collect();
    match steps[..] {
        _ if steps.contains(&"tests") || steps.contains(&"benches") || steps.last() == Some(&"tests.rs") => {
            None
        }
        ["functions", "lib", library, "src" | "sql", ..] => Some(library),
        ["functions", function, "src", ..] => Some(function),
        ["client", "src", ..] => Some("client"),
        ["infra", "x", "src", ..] => Some("cargo x"),
        ["template.yaml"] | ["infra", _] if name.ends_with(".yaml") => Some("templates"),
        _ => None,
    }
}

/// Returns the texts of a file with their lines.
fn texts(name: &str, text: &str) -> Vec<(usize, String)> {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let Some(language) = Language::of(name) else { return Vec::new() };
    if language == Language::Settings {
        return descriptions(code);
    }
    let help = if name.starts_with("client/src/cli") { help_lines(code) } else { BTreeSet::new() };
    let spans = spans(code, language).into_iter().filter(|span| match span.kind {
        Kind::Comment => span.text.starts_with('/') && help.contains(&span.line),
        Kind::Literal => !span.before.trim_end().ends_with("expect("),
    });
    spans.filter_map(|span| Some((span.line, readable(span.text.trim_start_matches('/'))?))).collect()
}

/// Returns the lines of doc comments that `--help` prints: those of types that derive their options from clap, and of
/// their fields and variants. Other items have doc comments for readers of the code only.
fn help_lines(code: &str) -> BTreeSet<usize> {
    let (mut help, mut docs) = (BTreeSet::new(), Vec::new());
    // The next type derives from clap; the current type does; an attribute extends over several lines.
    let (mut derives, mut inside, mut open) = (false, false, false);
    for (line, text) in code.lines().enumerate().map(|(at, text)| (at + 1, text)) {
        let outermost = text.trim_start() == text;
        match text.trim() {
            rest if open => open = !rest.ends_with(']'),
            doc if doc.starts_with("///") => docs.push(line),
            attribute if attribute.starts_with("#[") => {
                derives |= outermost && CLAP.iter().any(|derive| attribute.contains(derive));
                open = !attribute.ends_with(']');
            }
            "" => {}
            item => {
                if outermost && !item.starts_with('}') {
                    inside = derives;
                }
                if inside {
                    help.extend(&docs);
                }
                (docs, derives) = (Vec::new(), false);
            }
        }
    }
    help
}

/// Returns the text on one line, if it is one: at least two words in plain letters, and no statement.
fn readable(text: &str) -> Option<String> {
    let text = text.replace("\\n", " ").replace("\\\"", "\"").replace("\\\n", " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = |word: &&str| word.len() > 1 && word.chars().all(|c| c.is_alphabetic() || c == '\'');
    let words = text.split([' ', ',', ';', ':', '.', '(', ')']).filter(plain).count();
    let first = text.split(' ').next().unwrap_or_default();
    (words > 1 && !SQL.contains(&first) && !text.contains("pg_catalog.")).then_some(text)
}

/// Returns the values of `Description` and of keys that end with it.
fn descriptions(yaml: &str) -> Vec<(usize, String)> {
    let (mut found, mut lines) = (Vec::new(), yaml.lines().enumerate().peekable());
    while let Some((at, line)) = lines.next() {
        let Some((_, value)) = line.split_once("Description: ") else { continue };
        let depth = |line: &str| line.len() - line.trim_start().len();
        let mut text = value.trim_start_matches(">-").to_owned();
        while let Some((_, more)) = lines.next_if(|(_, more)| value == ">-" && depth(more) > depth(line)) {
            text.push_str(&format!(" {}", more.trim()));
        }
        found.push((at + 1, text.trim().to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doc_comments_are_texts_only_in_the_help() {
        let code = "/// Send the request.\n#[derive(Debug, clap::Args)]\npub(super) struct Send {\n    /// Name of it\n    \
                    #[arg(\n        long\n    )]\n    name: String,\n}\n\n/// A plain type\nstruct Plain {\n    /// Its \
                    field\n    field: u8,\n}\n\nimpl Send {\n    /// Sends the request again and\n    /// again.\n    fn \
                    send() {}\n}\n";
        let found = texts("client/src/cli/a.rs", code);
        assert_eq!(found, [(1, "Send the request.".to_owned()), (4, "Name of it".to_owned())]);
        assert_eq!(texts("functions/api/src/a.rs", code), []);
    }

    #[test]
    fn texts_are_listed_without_statements_names_and_tests() {
        let code =
            "f(\"select a from b\", \"two words\", \"name\");\n#[cfg(test)]\nmod tests { f(\"some words\") }";
        assert_eq!(texts("client/src/cli/a.rs", code), [(1, "two words".to_owned())]);
        let yaml = "A:\n  Description: >-\n    one\n    two\n  Type: String\nB: { AlarmDescription: x }";
        assert_eq!(descriptions(yaml), [(2, "one two".to_owned()), (6, "x }".to_owned())]);
        assert_eq!(area("functions/lib/store/sql/a.sql"), Some("store"));
        assert_eq!(area("functions/admin/tests/check.rs"), None);
    }
}
