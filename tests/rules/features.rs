//! Features of dependencies: equal for every selection of packages and targets that is built one after the other. Cargo
//! compiles a dependency, and all that needs it, once for each set of features.

use std::collections::BTreeSet;
use std::process::Command;

use crate::root;

/// Lists `PACKAGE VERSION|FEATURES` for each package that a build of this selection compiles.
fn compiled(selection: &[&str]) -> BTreeSet<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--offline", "--locked", "--prefix", "none", "--format", "{p}|{f}"])
        .args(selection)
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_end_matches(" (*)").to_owned())
        .collect()
}

fn missing(from: &[&str], in_build: &[&str]) -> Vec<String> {
    let all = compiled(in_build);
    compiled(from).into_iter().filter(|package| !all.contains(package)).collect()
}

const TESTS: [&str; 3] = ["--workspace", "--edges", "normal,build,dev"];

/// `cargo x` is compiled first. Where this fails, `infra/x/Cargo.toml` lacks a feature.
#[test]
fn cargo_x_compiles_nothing_twice() {
    let twice = missing(&["--package", "x", "--edges", "normal,build"], &TESTS);
    assert!(twice.is_empty(), "compiled again for the functions, with other features: {twice:#?}");
}

/// `cargo x demo` and `cargo x test`. Where this fails, the root's `Cargo.toml` lacks a feature.
#[test]
fn tests_compile_nothing_of_the_stack_twice() {
    let twice = missing(&["--workspace", "--edges", "normal,build"], &TESTS);
    assert!(twice.is_empty(), "compiled again for tests, with other features: {twice:#?}");
}
