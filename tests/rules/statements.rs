//! Statements to source and store pin no session of a proxy, as far as the source code shows. The test `guard` checks
//! the statements that were really sent.

use std::path::Path;

use tests::pinning::{TOO_LONG, hidden_pins, pins, verbs};

use crate::{files, root};

/// First words of a text that is SQL.
const VERBS: [&str; 24] = [
    "select",
    "insert",
    "update",
    "delete",
    "with",
    "copy",
    "begin",
    "commit",
    "rollback",
    "explain",
    "create",
    "lock",
    "values",
    "fetch",
    "set",
    "reset",
    "prepare",
    "execute",
    "deallocate",
    "discard",
    "declare",
    "listen",
    "load",
    "do",
];

/// Returns true for files whose statements the owner runs on a direct connection to the server: `admin migrate`.
fn is_the_owners(path: &Path) -> bool {
    ["store/src/migrate.rs", "store/src/roles.rs"].iter().any(|end| path.ends_with(end))
}

#[test]
fn no_statement_pins_a_session() {
    let libraries = root().join("functions/lib");
    let mut seen = 0;
    for library in ["store", "source", "introspect"] {
        let folder = libraries.join(library);
        for path in files(&folder.join("src"), "rs") {
            if is_the_owners(&path) {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for literal in literals(text.split("#[cfg(test)]").next().unwrap_or_default()) {
                if verbs(&literal).first().is_some_and(|verb| VERBS.contains(&verb.as_str())) {
                    assert_eq!(pins(&literal), [], "{}: {literal}", path.display());
                    seen += 1;
                }
            }
        }
        for path in files(&folder, "sql") {
            let text = std::fs::read_to_string(&path).unwrap();
            // Functions and tables are created by the owner, but the bodies of functions run in every session.
            assert_eq!(hidden_pins(&text), [], "{}", path.display());
            if !text.contains("create or replace function")
                && !path.components().any(|c| c.as_os_str() == "migrations")
            {
                assert_eq!(pins(&text), [], "{}", path.display());
                assert!(text.len() < TOO_LONG, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "only {seen} statements were found: the search is wrong");
}

/// Longest statement of the store that is a literal in Rust, in bytes: what fits on a line.
const MAX_LITERAL_BYTES: usize = 110;

/// The test `every_statement_file_can_be_prepared` reads files, so that what is longer than a line must be one.
#[test]
fn longer_statements_of_the_store_are_files() {
    let store = root().join("functions/lib/store");
    let mut included = String::new();
    for path in files(&store.join("src"), "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        included.push_str(&text);
        if is_the_owners(&path) {
            continue;
        }
        for literal in literals(text.split("#[cfg(test)]").next().unwrap_or_default()) {
            if verbs(&literal).first().is_some_and(|verb| VERBS.contains(&verb.as_str())) {
                assert!(literal.len() <= MAX_LITERAL_BYTES, "{}: {literal}", path.display());
            }
        }
    }
    for path in files(&store.join("sql"), "sql") {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(&store).unwrap().to_string_lossy().into_owned();
        assert!(text.starts_with("-- ") || name.starts_with("sql/functions/"), "{name} has no comment");
        assert!(included.contains(&format!("../{name}\")")), "{name} is not included anywhere");
    }
}

/// A default that uses a sequence would call `nextval` without a statement that contains it.
#[test]
fn no_table_of_the_store_has_a_sequence() {
    let migrations = files(&root().join("functions/lib/store/migrations"), "sql");
    assert!(migrations.len() > 5);
    for path in migrations {
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        for word in ["nextval", "serial", "as identity", "create sequence"] {
            assert!(!text.contains(word), "{} says {word}", path.display());
        }
    }
}

/// No request makes a statement longer, because its values are parameters.
#[test]
fn store_statements_are_static_and_unnamed() {
    let store = root().join("functions/lib/store/src");
    let mut prepared = Vec::new();
    for path in files(&store, "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in ["AssertSqlSafe", "sqlx::query", "raw_sql", ".options(["] {
            if text.contains(word) {
                prepared.push(format!("{} {word}", path.file_name().unwrap().to_string_lossy()));
            }
        }
    }
    prepared.sort_unstable();
    // The only way is `sql(text: &'static str)`, which makes them unnamed.
    let known = [
        "migrate.rs AssertSqlSafe",
        "migrate.rs raw_sql",
        "migrate.rs sqlx::query",
        "transaction.rs sqlx::query",
    ];
    assert_eq!(prepared, known);
    let transaction = std::fs::read_to_string(store.join("connection/transaction.rs")).unwrap();
    let only =
        "fn sql(text: &'static str) -> Statement<'static> {\n    sqlx::query(text).persistent(false)\n}";
    assert!(transaction.contains(only) && transaction.matches("sqlx::query(").count() == 1);
}

/// Returns the string literals of some Rust code, as the program sees them. Comments are skipped.
fn literals(rust: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = rust;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let here = &rest[at..];
        if here.starts_with("//") {
            rest = here.split_once('\n').map_or("", |(_, rest)| rest);
        } else if here.starts_with("'\"'") || here.starts_with("'\\\"'") {
            rest = &here[3..];
        } else if let Some(inside) = here.strip_prefix('"') {
            let hashes = rest[..at].len() - rest[..at].trim_end_matches('#').len();
            let raw = rest[..at - hashes].ends_with('r');
            let (text, left) = literal(inside, raw.then_some(hashes));
            found.push(text);
            rest = left;
        } else {
            rest = &here[1..];
        }
    }
    found
}

/// Parses one literal after its first quote and returns the rest too. `raw` is the number of hashes of a raw literal.
fn literal(rust: &str, raw: Option<usize>) -> (String, &str) {
    if let Some(hashes) = raw {
        let end = format!("\"{}", "#".repeat(hashes));
        let (text, rest) = rust.split_once(&end).unwrap_or((rust, ""));
        return (text.to_owned(), rest);
    }
    let mut text = String::new();
    let mut signs = rust.char_indices();
    while let Some((at, sign)) = signs.next() {
        match sign {
            '"' => return (text, &rust[at + 1..]),
            '\\' => match signs.next() {
                // The literal continues on the next line.
                Some((_, '\n')) => text.push(' '),
                Some((_, 'n')) => text.push('\n'),
                Some((_, other)) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    (text, "")
}

#[test]
fn string_literals_are_found_in_rust() {
    let rust = "let a = \"one\"; // not \"this\"\nlet b = r#\"t\"wo\"#; let c = '\"'; f(\"th\\\"ree \\\n    four\"); x::<'a>(\"five\")";
    let found = literals(rust);
    assert_eq!(found[..2], ["one", "t\"wo"]);
    assert!(found[2].starts_with("th\"ree ") && found[2].ends_with("four"), "{found:?}");
    assert_eq!(found[3], "five");
}
