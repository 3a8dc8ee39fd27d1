//! Virtual environments under `target/x/venv`, one per list in `infra/requirements/`, recreated when the list changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::progress::Step;
use super::{environment, paths, prerequisites, process};

/// Marker file, written last. It contains the fingerprint of the installed list.
const MARK: &str = "requirements.sha256";

/// An environment, ready for use.
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// Returns the environment that runs the stack.
    pub(crate) fn stack() -> Result<Self> {
        Self::ready("stack")
    }

    /// Returns true if the environment that runs the stack is installed.
    pub(crate) fn stack_is_ready() -> Result<bool> {
        Ok(installed("stack")?.is_some())
    }

    /// Returns the environment that lints the template.
    pub(crate) fn lint() -> Result<Self> {
        Self::ready("lint")
    }

    /// Returns the environment that checks dependencies.
    pub(crate) fn deny() -> Result<Self> {
        Self::ready("deny")
    }

    /// Returns the environment that scans the templates.
    pub(crate) fn scan() -> Result<Self> {
        Self::ready("scan")
    }

    /// Returns the environment that builds deployable functions.
    pub(crate) fn sam() -> Result<Self> {
        Self::ready("sam")
    }

    /// Returns the environment of the benchmarked peers.
    pub(crate) fn bench() -> Result<Self> {
        Self::ready("bench")
    }

    /// Returns the environment of the Parquet readers.
    pub(crate) fn parquet() -> Result<Self> {
        Self::ready("parquet")
    }

    /// Returns the environment of the snippets in the guides, and of the example clients.
    pub(crate) fn docs() -> Result<Self> {
        Self::ready("docs")
    }

    /// Returns the environment that drives a browser, for the tests of the page and its gallery.
    pub(crate) fn page() -> Result<Self> {
        Self::ready("page")
    }

    /// Returns the environment that tests the api against its description.
    pub(crate) fn schemathesis() -> Result<Self> {
        Self::ready("schemathesis")
    }

    /// Returns the path of a program of this environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// Returns its folder of programs.
    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// Returns its Python.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// Returns a hash that changes whenever the packages do.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        fs::read_to_string(self.0.join(MARK)).context("the virtual environment is incomplete")
    }

    fn ready(name: &str) -> Result<Self> {
        if let Some(venv) = installed(name)? {
            return Ok(venv);
        }
        let (folder, list) = places(name)?;
        let print = fingerprint(&list)?;
        let mark = folder.join(MARK);
        let step = Step::start(&format!("Installing Python packages into {}", folder.display()));
        let python = prerequisites::python()?;
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        process::run(
            environment::command(&python).args(["-m", "venv"]).arg(&folder),
            "on Debian and Ubuntu install it with `apt-get install python3-venv`",
        )?;
        let venv = Self(folder);
        process::run(
            environment::command(venv.python())
                .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
                // New files can be added to a version later. Hashes exclude files that are not in the list.
                .args(["--root-user-action", "ignore", "--require-hashes", "--requirement"])
                .arg(&list),
            "pip must be able to reach a package index (see `pip config list`)",
        )?;
        fs::write(&mark, print)?;
        step.done("installed");
        Ok(venv)
    }
}

/// Returns the environment of this name, unless it is missing or its list has changed.
fn installed(name: &str) -> Result<Option<Venv>> {
    let (folder, list) = places(name)?;
    let print = fingerprint(&list)?;
    Ok(fs::read_to_string(folder.join(MARK)).is_ok_and(|found| found == print).then_some(Venv(folder)))
}

/// Returns the folder and the list of the environment of this name.
fn places(name: &str) -> Result<(PathBuf, PathBuf)> {
    let folder = paths::home()?.join("venv").join(name);
    Ok((folder, paths::root().join("infra/requirements").join(format!("{name}.txt"))))
}

/// Hashes a list and the lists that it includes. Fails on anything but pinned packages.
fn fingerprint(list: &Path) -> Result<String> {
    let text = fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let mut hash = Sha256::new_with_prefix(&text);
    // A package is one logical line: its version, and a hash for each of its files.
    for line in text.replace("\\\n", "").lines() {
        if let Some(included) = line.strip_prefix("-r ") {
            hash.update(fingerprint(&list.with_file_name(included))?);
        } else if !(line.starts_with('#') || line.contains("==") && line.contains(" --hash=sha256:")) {
            bail!("{}: `{line}` is not pinned by version and hash", list.display());
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_of_every_list_is_pinned_by_version_and_hash() -> Result<()> {
        for list in
            ["stack", "bench", "parquet", "schemathesis", "page", "docs", "lint", "scan", "sam", "deny"]
        {
            fingerprint(&paths::root().join("infra/requirements").join(format!("{list}.txt")))?;
        }
        Ok(())
    }
}
