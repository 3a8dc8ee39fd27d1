//! Rules for files: small mains, neither huge nor many tiny files, a purpose at the top, no meaningless names, no paths
//! of one machine.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::{files, root};

/// Maximum number of lines of a file.
const MAX_LINES: usize = 400;

/// Number of lines below which a file is small: what it holds most likely belongs into a file next to it.
const SMALL_LINES: usize = 25;

/// Number of small files, which may only fall: lower it with each one that is joined to another.
const SMALL_FILES: usize = 10;

#[test]
fn main_files_are_short() {
    for path in files(&root(), "rs").into_iter().filter(|p| p.ends_with("src/main.rs")) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 25, "{} has {lines} lines", path.display());
    }
}

#[test]
fn no_file_is_huge() {
    for path in files(&root(), "rs") {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MAX_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn small_files_become_fewer() {
    let entries = entry_points();
    let mut small = files(&root(), "rs");
    small.retain(|path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().count() < SMALL_LINES && !entries.contains(path) && !only_declares_modules(&text)
    });
    let names: Vec<_> =
        small.iter().map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect();
    let (found, names) = (names.len(), names.join("\n"));
    assert!(found <= SMALL_FILES, "{found} files have fewer than {SMALL_LINES} lines:\n{names}");
    assert!(found == SMALL_FILES, "lower SMALL_FILES to {found}");
}

/// Reports whether a file is only the table of contents of its folder.
fn only_declares_modules(text: &str) -> bool {
    let starts = [
        "//",
        "mod ",
        "pub mod ",
        "pub(crate) mod ",
        "use ",
        "pub use ",
        "pub(crate) use ",
        "#",
        "    ",
        "}",
    ];
    text.contains("mod ")
        && text.lines().all(|line| line.is_empty() || starts.iter().any(|s| line.starts_with(s)))
}

/// Returns the files at which Cargo begins to compile: each is as small as its target.
fn entry_points() -> BTreeSet<PathBuf> {
    let mut entries = BTreeSet::new();
    for manifest in files(&root(), "toml").into_iter().filter(|path| path.ends_with("Cargo.toml")) {
        let folder = manifest.parent().unwrap();
        let text = std::fs::read_to_string(&manifest).unwrap();
        let named = text.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
        entries.extend(named.map(|name| folder.join(name)));
        entries.extend(["src/lib.rs", "src/main.rs"].map(|name| folder.join(name)));
        if folder.join("examples").is_dir() {
            entries.extend(files(&folder.join("examples"), "rs"));
        }
    }
    entries
}

#[test]
fn every_file_begins_with_a_doc_comment() {
    for path in files(&root(), "rs") {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}

#[test]
fn no_file_has_a_generic_name() {
    for path in files(&root(), "rs") {
        let name = path.file_stem().unwrap().to_string_lossy();
        assert!(
            !["utils", "util", "common", "helpers", "misc", "types", "mod"].contains(&&*name),
            "{}",
            path.display()
        );
    }
}

#[test]
fn nothing_names_a_folder_outside_the_repository() {
    // Concatenated here so that this file does not contain the names.
    let foreign = [["..", "/shared"].concat(), ["/wor", "k/"].concat(), ["/ro", "ot/"].concat()];
    for extension in ["rs", "py", "md", "yaml", "toml", "sql", "sh"] {
        for path in files(&root(), extension) {
            let text = std::fs::read_to_string(&path).unwrap();
            for name in &foreign {
                assert!(!text.contains(name.as_str()), "{} names {name}", path.display());
            }
        }
    }
}
