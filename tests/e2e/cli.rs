//! The `sluice` command, with address and key of the running stack.

use std::process::{Command, Output};

use tests::System;

/// Returns `sluice` with these words, to be given an address and a key.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var("SLUICE_CLI").expect("SLUICE_CLI is set by `cargo x test`"));
    command.args(words);
    command
}

/// Runs `sluice` with these words and returns its output.
pub(crate) fn sluice(system: &System, words: &[&str]) -> Output {
    command(words).env("SLUICE_URL", &system.stack.url).env("SLUICE_KEY", &system.stack.key).output().unwrap()
}

/// Returns the standard output of a program that must have succeeded.
///
/// # Panics
/// With its standard error, if it did not.
pub(crate) fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
