//! A folder that always holds one complete export: the next one is made beside it and takes its place in one step.
//!
//! The next folder is `.NAME.next`, next to the folder itself, so that unchanged files are links and not copies, and so
//! that the exchange is one rename. A reader that has the folder open keeps what it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use export::id::hex;
use export::manifest::{Manifest, ManifestFile};
use sha2::Digest;

use crate::expected::{hash_file, local_path};
use crate::verify::{self, MANIFEST_NAME, read_manifest};
use crate::{Error, empty};

/// Name of the file with the state of the folder.
pub(crate) const STATE_NAME: &str = ".sluice-sync";

/// Folder with the export before, and the place of the next one.
#[derive(Debug)]
pub(crate) struct Synced {
    current: PathBuf,
    next: PathBuf,
    before: Option<Manifest>,
}

/// Difference between two exports, in files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Changes {
    /// Files whose name is new.
    pub(crate) new: usize,
    /// Files whose name had other contents.
    pub(crate) replaced: usize,
    /// Files that are the same.
    pub(crate) unchanged: usize,
    /// Files that are no longer in the export.
    pub(crate) removed: usize,
}

impl Synced {
    /// Opens a folder, which need not exist yet.
    ///
    /// # Errors
    /// [`Error::Occupied`] if it contains anything that is not of a complete export, which the exchange would remove.
    pub(crate) fn open(current: &Path) -> Result<Self, Error> {
        let name = current.file_name().unwrap_or_default().to_string_lossy();
        let next = current.with_file_name(format!(".{name}.next"));
        let before = match read_manifest(current) {
            Ok(manifest) => Some(manifest),
            Err(_) if !current.join(MANIFEST_NAME).exists() => None,
            Err(error) => return Err(error),
        };
        let names = foreign(current, before.as_ref())?;
        if !names.is_empty() {
            return Err(Error::Occupied { directory: current.to_owned(), names });
        }
        Ok(Self { current: current.to_owned(), next, before })
    }

    /// Returns the folder of the next export.
    pub(crate) fn next(&self) -> &Path {
        &self.next
    }

    /// Removes what an earlier run left of another export.
    pub(crate) fn discard_next(&self) -> Result<(), Error> {
        match fs::remove_dir_all(&self.next) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&self.next)(error)),
            _ => Ok(()),
        }
    }

    /// Links the files that the next export shares with the one before, and returns all differences.
    pub(crate) fn keep(&self, manifest: &Manifest) -> Result<Changes, Error> {
        let before: BTreeMap<&str, &ManifestFile> =
            self.before.iter().flat_map(files).map(|file| (file.name.as_str(), file)).collect();
        let mut changes = Changes::default();
        let mut names = BTreeSet::new();
        for file in files(manifest) {
            names.insert(file.name.as_str());
            match before.get(file.name.as_str()) {
                None => changes.new += 1,
                Some(old) if old.sha256 == file.sha256 => {
                    self.link(file)?;
                    changes.unchanged += 1;
                }
                Some(_) => changes.replaced += 1,
            }
        }
        changes.removed = before.keys().filter(|name| !names.contains(*name)).count();
        Ok(changes)
    }

    /// Links a file, unless it is there or was changed by someone: then it is downloaded.
    fn link(&self, file: &ManifestFile) -> Result<(), Error> {
        let (old, new) = (local_path(&self.current, &file.name)?, local_path(&self.next, &file.name)?);
        let same = hash_file(&old)?.is_some_and(|(hash, _)| hex(&hash.finalize()) == file.sha256);
        if !same || new.exists() {
            return Ok(());
        }
        if let Some(parent) = new.parent() {
            fs::create_dir_all(parent).map_err(Error::io(parent))?;
        }
        // Not every file system has links.
        fs::hard_link(&old, &new).or_else(|_| fs::copy(&old, &new).map(drop)).map_err(Error::io(&new))
    }

    /// Puts the next export in place of the one before, which is removed.
    pub(crate) fn replace(self) -> Result<(), Error> {
        if self.before.is_none() {
            // An empty folder may be in its place.
            let _ = fs::remove_dir(&self.current);
            return fs::rename(&self.next, &self.current).map_err(Error::io(&self.current));
        }
        exchange(&self.next, &self.current).map_err(Error::io(&self.current))?;
        self.discard_next()
    }
}

/// Exchanges two folders in one step where the system can, else in two.
fn exchange(next: &Path, current: &Path) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, next, CWD, current, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = next.with_extension("before");
    fs::rename(current, &aside)?;
    fs::rename(next, current)?;
    fs::rename(&aside, next)
}

fn files(manifest: &Manifest) -> impl Iterator<Item = &ManifestFile> {
    verify::files(manifest).map(|(_, file, _)| file)
}

/// Returns the entries of a folder that are not of the export whose manifest it has.
fn foreign(folder: &Path, manifest: Option<&Manifest>) -> Result<Vec<String>, Error> {
    let mut known = BTreeSet::from([MANIFEST_NAME.to_owned(), STATE_NAME.to_owned()]);
    if let Some(manifest) = manifest {
        known.extend(files(manifest).map(|file| file.name.clone()));
        known.extend(manifest.datasets.iter().map(|dataset| empty::file_name(&dataset.head)));
    }
    let (mut names, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(below) = folders.pop() {
        let path = folder.join(&below);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(names),
            Err(error) => return Err(Error::io(&path)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(Error::io(&path))?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type().map_err(Error::io(&path))?.is_dir() {
                folders.push(format!("{name}/"));
            } else if !known.contains(&name) {
                names.push(name);
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_with_other_files_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        assert!(Synced::open(&folder).is_ok(), "it need not exist");
        fs::create_dir_all(folder.join("notes")).unwrap();
        fs::write(folder.join("notes/mine.txt"), "x").unwrap();
        let refused = Synced::open(&folder).unwrap_err().to_string();
        assert!(refused.contains("notes/mine.txt"), "{refused}");
    }

    #[test]
    fn folders_are_exchanged() {
        let parent = tempfile::tempdir().unwrap();
        let (a, b) = (parent.path().join("a"), parent.path().join("b"));
        for (folder, text) in [(&a, "of a"), (&b, "of b")] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("file"), text).unwrap();
        }
        exchange(&a, &b).unwrap();
        assert_eq!(fs::read_to_string(a.join("file")).unwrap(), "of b");
        assert_eq!(fs::read_to_string(b.join("file")).unwrap(), "of a");
    }
}
