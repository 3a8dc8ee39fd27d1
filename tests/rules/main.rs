//! Rules of the repository that a compiler does not check: allowed dependencies, no rings of modules, documented failure
//! codes, one meaning per name, and the size and the beginning of files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod dependencies;
mod failure_codes;
mod features;
mod files;
mod metrics;
mod names;
mod paths;
mod rings;
mod statements;

use std::path::{Path, PathBuf};

/// Returns the root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// Lists all files below `folder` with this extension, except build folders.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found
}
