//! Builds the binaries of the stack in the profile that `cargo x` itself was built with, and deployable ones by SAM.

mod architecture;
mod build;
pub(crate) mod elf;
pub(crate) mod sam;

use std::process::Command;

use anyhow::Result;

pub(crate) use architecture::Architecture;
pub(crate) use build::Build;
use build::Selection;

use crate::machine::{environment, paths};

/// Selection for a stack.
///
/// The whole workspace is selected, here as for tests: the features of a common dependency depend on the selected
/// packages, and two selections would compile the largest dependencies twice.
const STACK: Selection = Selection {
    what: "the functions and the sluice command",
    targets: &["--workspace", "--bins"],
    options: &[],
};

/// Selection for tests.
const TESTS: Selection = Selection {
    what: "functions, sluice command and tests",
    targets: &["--workspace", "--lib", "--bins", "--tests"],
    options: &[],
};

/// The same, optimised further.
const MEASURED_TESTS: Selection = Selection { options: &MEASURED, ..TESTS };

/// Builds the functions and the `sluice` command.
pub(crate) fn build() -> Result<()> {
    Build::foreground(STACK).finish()
}

/// Starts to build the functions and the `sluice` command.
pub(crate) fn start_build() -> Result<Build> {
    Build::start(STACK)
}

/// Builds everything that `cargo test` needs, with what serves requests optimised. Commands of `cargo` on such a build
/// need [`MEASURED`] too.
pub(crate) fn build_measured() -> Result<()> {
    Build::foreground(MEASURED_TESTS).finish()
}

/// Starts to build everything that `cargo test` needs.
pub(crate) fn start_build_all() -> Result<Build> {
    Build::start(TESTS)
}

/// Options of cargo for a build that is measured under load: what serves requests is optimised.
pub(crate) const MEASURED: [&str; 6] = [
    "--config",
    "profile.dev.package.api.opt-level=1",
    "--config",
    "profile.dev.package.ports.opt-level=1",
    "--config",
    "profile.dev.package.store.opt-level=1",
];

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
