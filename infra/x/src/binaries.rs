//! Builds the binaries of the stack in the profile that `cargo x` itself was built with, and deployable ones by SAM.

mod architecture;
pub(crate) mod elf;
pub(crate) mod sam;

use std::process::Command;

use anyhow::Result;

pub(crate) use architecture::Architecture;

use crate::machine::progress::Step;
use crate::machine::{environment, paths, process, signals};

/// Builds the functions and the `sluice` command.
///
/// The whole workspace is selected, here as in `build_all`: the features of a common dependency depend on the selected
/// packages, and two selections would compile the largest dependencies twice.
pub(crate) fn build() -> Result<()> {
    cargo_build("Building the functions and the sluice command", &["--workspace", "--bins"])
}

/// Builds everything that `cargo test` needs.
pub(crate) fn build_all() -> Result<()> {
    cargo_build("Building functions, sluice command and tests", &["--workspace", "--all-targets"])
}

/// Returns a cargo command in this repository. If it compiles anything, it uses exactly the crates of `Cargo.lock`. The
/// lock file is complete, because cargo has read it to start this program.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = environment::command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(paths::root());
    let (word, rest) = args.split_at(1.min(args.len()));
    // `cargo fmt` compiles nothing and does not accept `--locked`.
    command.args(word).args((word != ["fmt"]).then_some("--locked")).args(rest);
    command
}

fn cargo_build(what: &str, args: &[&str]) -> Result<()> {
    let step = Step::start(what);
    process::run(cargo(&["build"]).args(args), "see the compiler's messages above")?;
    signals::check()?;
    step.done("built");
    Ok(())
}
