//! Virtual environments under `target/x/venv`, one per list in `requirements/`, made anew when the list changes.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::progress::Step;
use crate::{place, prerequisites, process, surroundings};

/// Written last: holds the fingerprint of the list that was installed.
const MARK: &str = "requirements.sha256";

/// An environment, ready for use.
pub(crate) struct Venv(PathBuf);

impl Venv {
    /// What runs the stack.
    pub(crate) fn stack() -> Result<Self> {
        Self::ready("stack")
    }

    /// What lints the template.
    pub(crate) fn lint() -> Result<Self> {
        Self::ready("lint")
    }

    /// What judges dependencies.
    pub(crate) fn deny() -> Result<Self> {
        Self::ready("deny")
    }

    /// What scans the templates.
    pub(crate) fn scan() -> Result<Self> {
        Self::ready("scan")
    }

    /// What builds deployable functions.
    pub(crate) fn sam() -> Result<Self> {
        Self::ready("sam")
    }

    /// Peers that are measured.
    pub(crate) fn bench() -> Result<Self> {
        Self::ready("bench")
    }

    /// Readers of Parquet.
    pub(crate) fn parquet() -> Result<Self> {
        Self::ready("parquet")
    }

    /// A program of this environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.bin().join(name)
    }

    /// Its folder of programs.
    pub(crate) fn bin(&self) -> PathBuf {
        self.0.join("bin")
    }

    /// Its Python.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// Changes whenever the packages do.
    pub(crate) fn fingerprint(&self) -> Result<String> {
        fs::read_to_string(self.0.join(MARK)).context("the virtual environment is incomplete")
    }

    fn ready(name: &str) -> Result<Self> {
        let folder = place::home()?.join("venv").join(name);
        let list = place::root().join("infra/local/requirements").join(format!("{name}.txt"));
        let print = fingerprint(&list)?;
        let mark = folder.join(MARK);
        if fs::read_to_string(&mark).is_ok_and(|found| found == print) {
            return Ok(Self(folder));
        }
        let step = Step::start(&format!("Installing Python packages into {}", folder.display()));
        let python = prerequisites::python()?;
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        process::run(
            surroundings::command(&python).args(["-m", "venv"]).arg(&folder),
            "on Debian and Ubuntu `apt-get install python3-venv` brings what is missing",
        )?;
        let venv = Self(folder);
        process::run(
            surroundings::command(venv.python())
                .args(["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"])
                // A version can get further files, which no list here has seen.
                .args(["--root-user-action", "ignore", "--require-hashes", "--requirement"])
                .arg(&list),
            "pip must be able to reach a package index (see `pip config list`)",
        )?;
        fs::write(&mark, print)?;
        step.done("installed");
        Ok(venv)
    }
}

/// A hash over a list, the lists that it includes, and nothing else.
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
        for list in ["stack", "bench", "parquet", "lint", "scan", "sam", "deny"] {
            fingerprint(&place::root().join("infra/local/requirements").join(format!("{list}.txt")))?;
        }
        Ok(())
    }
}
