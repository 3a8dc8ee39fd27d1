//! Locations of files and folders on disk.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::secret_files;
use super::user::is_root;

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_path_buf()
}

/// Lists every template, the root template first, relative to the root of the repository.
pub(crate) fn templates() -> Result<Vec<PathBuf>> {
    let folder = root().join("infra");
    let names = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut nested = Vec::new();
    for name in names {
        let name = PathBuf::from("infra").join(name?.file_name());
        if name.extension().is_some_and(|extension| extension == "yaml") {
            nested.push(name);
        }
    }
    nested.sort();
    Ok(std::iter::once(PathBuf::from("template.yaml")).chain(nested).collect())
}

/// Returns the path of a Python script, named relative to `infra`.
pub(crate) fn script(name: &str) -> PathBuf {
    root().join("infra").join(name)
}

/// Returns the folder of the binaries, in the profile that `cargo x` itself was built with.
pub(crate) fn binaries() -> Result<PathBuf> {
    let own = env::current_exe().context("cannot determine the path of cargo x")?;
    own.parent().map(Path::to_path_buf).context("cargo x is not in a directory")
}

/// Returns the folder of everything that `cargo x` keeps: `target/x`.
pub(crate) fn home() -> Result<PathBuf> {
    let binaries = binaries()?;
    let target = binaries.parent().context("the directory of cargo x has no parent")?;
    Ok(target.join("x"))
}

/// Returns the folder of one stack.
pub(crate) fn stack(name: &str) -> Result<PathBuf> {
    Ok(home()?.join(name))
}

/// Returns a folder like `home()` that other users can reach too.
///
/// PostgreSQL and PgBouncer refuse to run as root, so under root they run as another user, who may not be able to enter
/// the folders above the repository. In that case a folder in /var/tmp, named after the repository, is used.
pub(crate) fn open_home() -> Result<PathBuf> {
    let home = home()?;
    fs::create_dir_all(&home).with_context(|| format!("cannot create {}", home.display()))?;
    if !is_root() || home.ancestors().all(others_may_enter) {
        return Ok(home);
    }
    let name = Sha256::digest(home.as_os_str().as_encoded_bytes());
    let name: String = name.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let open = Path::new("/var/tmp").join(format!("sluice-x-{name}"));
    secret_files::shared_folder(&open)?;
    Ok(open)
}

fn others_may_enter(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|meta| meta.permissions().mode() & 0o001 != 0)
}
