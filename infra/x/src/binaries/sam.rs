//! Programs of SAM's Python environment, and the deployable functions that `sam build` makes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;
use std::{env, fs};

use anyhow::Result;

use super::Architecture;
use crate::machine::progress::Step;
use crate::machine::venv::Venv;
use crate::machine::{environment, paths, process, signals};

/// Returns a program of SAM's environment that finds the other programs of that environment.
pub(crate) fn command(venv: &Venv, program: &str) -> Result<Command> {
    let inherited = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(venv.bin()).chain(env::split_paths(&inherited)))?;
    let mut command = environment::with_aws(venv.program(program));
    command.env("PATH", path).env("SAM_CLI_TELEMETRY", "0").current_dir(paths::root());
    Ok(command)
}

/// Runs `sam build` for a processor. Returns the folder with the template and one folder for each function.
pub(crate) fn build(venv: &Venv, architecture: Architecture) -> Result<PathBuf> {
    let step =
        Step::start("Building the functions as they are deployed (sam build); takes minutes the first time");
    architecture.installed()?;
    let architecture = format!("Architecture={}", architecture.name());
    let mut sam = command(venv, "sam")?;
    sam.args(["build", "--beta-features", "--parameter-overrides", &architecture]);
    process::run(&mut sam, "see its messages above")?;
    signals::check()?;
    step.done("built");
    Ok(folder())
}

/// Returns the folder in which `sam build` leaves its output.
pub(crate) fn folder() -> PathBuf {
    paths::root().join(".aws-sam/build")
}

/// Returns true if `sam build` has run since the code and the templates were changed.
pub(crate) fn is_fresh() -> bool {
    let root = paths::root();
    let sources = ["functions", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "template.yaml"]
        .map(|name| root.join(name));
    let nested = paths::templates().unwrap_or_default().into_iter().map(|name| root.join(name));
    let newest = sources.into_iter().chain(nested).filter_map(|path| newest(&path)).max();
    // It is written last.
    let built = fs::metadata(folder().join("template.yaml")).and_then(|meta| meta.modified()).ok();
    built.is_some() && built > newest
}

/// Returns the time of the last change of a file, or of any file in a folder.
fn newest(path: &Path) -> Option<SystemTime> {
    if !path.is_dir() {
        return fs::metadata(path).and_then(|meta| meta.modified()).ok();
    }
    fs::read_dir(path).ok()?.flatten().filter_map(|entry| newest(&entry.path())).max()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_newest_file_of_a_folder_counts() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("src")).unwrap();
        let (old, new) = (home.path().join("Cargo.toml"), home.path().join("src/main.rs"));
        for (path, seconds) in [(&old, 5), (&new, 9)] {
            let file = fs::File::create(path).unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
        }
        assert_eq!(newest(home.path()), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(9)));
        assert_eq!(newest(&home.path().join("none")), None);
    }
}
