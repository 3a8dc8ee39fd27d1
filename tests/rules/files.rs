//! Rules for files: small mains, a purpose at the top, no meaningless names, no paths of one machine.

use crate::{files, root};

#[test]
fn main_files_are_short() {
    for path in files(&root(), "rs").into_iter().filter(|p| p.ends_with("src/main.rs")) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 25, "{} has {lines} lines", path.display());
    }
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
