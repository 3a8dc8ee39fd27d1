//! The folder that an export is downloaded into, and the record of the files written there.
//!
//! The record is a file in the same folder, `.sluice-download`. It names the export, each part that was begun and
//! each file that was finished, with its SHA-256, so that a later run can distinguish its own files from those of the
//! user: only the former are replaced or removed. It is locked while a download writes to the folder, and removed
//! once the manifest is written, which names the same files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use export::id::{ExportId, hex};
use export::manifest::Manifest;
use sha2::{Digest, Sha256};

use crate::expected::{ExpectedFile, hash_file, local_path};
use crate::joined::{JOINED_NAME, Joined};
use crate::verify::{MANIFEST_NAME, read_manifest, strays};
use crate::{Error, empty};

mod record;

use record::Record;

/// Folder that belongs to one export as long as this value lives: no other download writes to it.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    overwrite: bool,
    record: Mutex<Record>,
}

impl Folder {
    /// Opens the folder for an export; creates it if it does not exist.
    ///
    /// # Errors
    /// If it contains the files of another export, another download is writing to it, or it cannot be written.
    pub fn open(path: &Path, export: ExportId) -> Result<Self, Error> {
        Self::refuse_others(path, Some(export))?;
        fs::create_dir_all(path).map_err(Error::io(path))?;
        let mut record = Record::lock(path, export)?;
        if let Ok(manifest) = read_manifest(path) {
            record.take_over(&manifest);
        }
        if let Some(joined) = Joined::read(path, export) {
            let file = path.join(JOINED_NAME);
            let own = hash_file(&file)?.map(|(hash, _)| (JOINED_NAME.to_owned(), hex(&hash.finalize())));
            record.take_over_files(joined.files.into_iter().map(|file| (file.name, file.sha256)).chain(own));
        }
        Ok(Self { path: path.to_owned(), overwrite: false, record: Mutex::new(record) })
    }

    /// Sets whether files that this export did not write may be replaced.
    #[must_use]
    pub fn overwriting(self, overwrite: bool) -> Self {
        Self { overwrite, ..self }
    }

    /// Rejects a folder with the files of an export other than this one; `None`: of any export.
    ///
    /// # Errors
    /// If it contains such files.
    pub fn refuse_others(path: &Path, export: Option<ExportId>) -> Result<(), Error> {
        let of_manifest = read_manifest(path).ok().map(|manifest| manifest.export);
        match of_manifest.or_else(|| Record::owner(path)) {
            Some(other) if Some(other) != export => {
                Err(Error::OtherExport { directory: path.to_owned(), export: other })
            }
            _ => Ok(()),
        }
    }

    /// Returns the path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks, before anything is downloaded, that every file to be written is free or was written by this export. A
    /// file of the right length is assumed to be the wanted one; it is hashed later, and not replaced then either.
    ///
    /// # Errors
    /// [`Error::Occupied`] with all conflicting files.
    pub fn check(&self, expected: &[ExpectedFile]) -> Result<(), Error> {
        let mut obstacles = Vec::new();
        for file in expected {
            let path = local_path(&self.path, &file.name)?;
            if !fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == file.bytes) {
                obstacles.extend(self.obstacle(&file.name)?);
            }
            obstacles.extend(self.part_obstacle(&file.name)?);
        }
        self.refuse(obstacles)
    }

    /// Checks the other files of a complete export, and that no foreign file could be mistaken for one of its files.
    ///
    /// # Errors
    /// [`Error::Occupied`] with all conflicting files.
    pub fn check_whole(&self, manifest: &Manifest) -> Result<(), Error> {
        let mut obstacles = Vec::from_iter(self.manifest_obstacle(manifest)?);
        obstacles.extend(self.part_obstacle(MANIFEST_NAME)?);
        for head in manifest.datasets.iter().filter(|d| d.rows == 0).map(|d| &d.head) {
            let name = empty::file_name(head);
            let path = local_path(&self.path, &name)?;
            if !empty::is_right(&path, head) {
                obstacles.extend(self.obstacle(&name)?);
            }
            obstacles.extend(self.part_obstacle(&name)?);
        }
        for stray in strays(&self.path, manifest) {
            // The file of a dataset without rows may be replaced; it was checked above.
            if !stray.stands_in && !self.is_ours(&stray.name)? {
                obstacles.push(format!("{} (it looks like a file of this export)", stray.name));
            }
        }
        self.refuse(obstacles)
    }

    /// Records that a file of this name is begun, and returns the path of its part.
    pub(crate) fn begin(&self, name: &str) -> Result<PathBuf, Error> {
        local_path(&self.path, name)?;
        self.refuse(self.obstacle(name)?)?;
        self.begin_part(name)
    }

    fn begin_part(&self, name: &str) -> Result<PathBuf, Error> {
        self.refuse(self.part_obstacle(name)?)?;
        self.record().note_part(name)?;
        let part = self.path.join(part_name(name));
        if let Some(parent) = part.parent() {
            fs::create_dir_all(parent).map_err(Error::io(parent))?;
        }
        Ok(part)
    }

    /// Renames a complete part to its final name.
    pub(crate) fn finish(&self, name: &str, sha256: &str) -> Result<(), Error> {
        let path = local_path(&self.path, name)?;
        // Checked again: the check before the download may be hours old.
        self.refuse(self.obstacle(name)?)?;
        self.record().note_file(name, sha256)?;
        fs::rename(self.path.join(part_name(name)), &path).map_err(Error::io(&path))
    }

    /// Writes a small file, completely or not at all.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let part = self.begin(name)?;
        fs::write(&part, bytes).map_err(Error::io(&part))?;
        self.finish(name, &hex(&Sha256::digest(bytes)))
    }

    /// Removes files of earlier runs that are not in this manifest: files of chunks that were read again since, and
    /// parts. Returns the number of files removed.
    ///
    /// # Errors
    /// If a file that looks like one of this export's was not written by it, or cannot be removed.
    pub(crate) fn remove_leftovers(&self, manifest: &Manifest) -> Result<usize, Error> {
        let (mut obstacles, mut removed) = (Vec::new(), 0);
        for stray in strays(&self.path, manifest) {
            if self.is_ours(&stray.name)? {
                let path = self.path.join(&stray.name);
                fs::remove_file(&path).map_err(Error::io(&path))?;
                self.remove_empty_folders(&stray.name);
                removed += 1;
            } else {
                obstacles.push(stray.name);
            }
        }
        self.refuse(obstacles)?;
        for name in self.record().parts() {
            // A finished file has no part any more.
            let _ = fs::remove_file(self.path.join(part_name(&name)));
            self.remove_empty_folders(&name);
        }
        Ok(removed)
    }

    /// Removes the folders in which a file of this name was, unless they contain something else.
    fn remove_empty_folders(&self, name: &str) {
        for parent in Path::new(name).ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            if fs::remove_dir(self.path.join(parent)).is_err() {
                break;
            }
        }
    }

    /// Writes the manifest, which marks the download as complete, and removes the record.
    pub(crate) fn seal(self, manifest: &Manifest, text: &[u8]) -> Result<(), Error> {
        self.refuse(self.manifest_obstacle(manifest)?)?;
        let part = self.begin_part(MANIFEST_NAME)?;
        let path = self.path.join(MANIFEST_NAME);
        fs::write(&part, text).and_then(|()| fs::rename(&part, &path)).map_err(Error::io(&path))?;
        self.record.into_inner().unwrap_or_else(PoisonError::into_inner).remove();
        Ok(())
    }

    /// Returns true if the file of this name is, byte for byte, one that this export wrote here.
    fn is_ours(&self, name: &str) -> Result<bool, Error> {
        let noted = self.record().hashes(name);
        let path = self.path.join(name);
        if noted.is_empty() || !fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
            return Ok(false);
        }
        Ok(hash_file(&path)?.is_some_and(|(hash, _)| noted.contains(&hex(&hash.finalize()))))
    }

    /// Returns the obstacle to writing a file of this name, if there is one.
    fn obstacle(&self, name: &str) -> Result<Option<String>, Error> {
        if let Some(obstacle) = self.folder_obstacle(name)? {
            return Ok(Some(obstacle));
        }
        match kind(&self.path.join(name))? {
            EntryKind::Nothing => Ok(None),
            EntryKind::Folder => Ok(Some(format!("{name} (a directory)"))),
            EntryKind::Other if self.overwrite || self.is_ours(name)? => Ok(None),
            EntryKind::Other => Ok(Some(name.to_owned())),
        }
    }

    /// Returns the obstacle to creating the folders of a file. A link is one too: it may lead out of this folder.
    fn folder_obstacle(&self, name: &str) -> Result<Option<String>, Error> {
        for parent in Path::new(name).ancestors().skip(1).filter(|parent| !parent.as_os_str().is_empty()) {
            if let EntryKind::Other = kind(&self.path.join(parent))? {
                return Ok(Some(format!("{} (not a directory)", parent.display())));
            }
        }
        Ok(None)
    }

    /// Returns the obstacle to writing a part. The part would be written to, so a link is rejected too.
    fn part_obstacle(&self, name: &str) -> Result<Option<String>, Error> {
        let part = part_name(name);
        let meta = match fs::symlink_metadata(self.path.join(&part)) {
            Ok(meta) => meta,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(Error::io(self.path.join(&part))(error)),
        };
        if !meta.is_file() {
            return Ok(Some(format!("{part} (not a file)")));
        }
        let free = self.overwrite || meta.len() == 0 || self.record().has_part(name);
        Ok((!free).then_some(part))
    }

    /// Returns the obstacle to writing the manifest. A manifest of this export may be replaced; `refuse_others` has
    /// already checked for those of other exports.
    fn manifest_obstacle(&self, manifest: &Manifest) -> Result<Option<String>, Error> {
        match kind(&self.path.join(MANIFEST_NAME))? {
            EntryKind::Folder => Ok(Some(format!("{MANIFEST_NAME} (a directory)"))),
            EntryKind::Other
                if !self.overwrite
                    && !read_manifest(&self.path).is_ok_and(|there| there.export == manifest.export) =>
            {
                Ok(Some(MANIFEST_NAME.to_owned()))
            }
            _ => Ok(None),
        }
    }

    fn refuse(&self, obstacles: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let names = Vec::from_iter(obstacles);
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Occupied { directory: self.path.clone(), names })
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // A note is added completely or not at all, so a poisoned lock is harmless.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum EntryKind {
    Nothing,
    Folder,
    Other,
}

fn kind(path: &Path) -> Result<EntryKind, Error> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => Ok(EntryKind::Folder),
        Ok(_) => Ok(EntryKind::Other),
        Err(error) if is_absent(&error) => Ok(EntryKind::Nothing),
        Err(error) => Err(Error::io(path)(error)),
    }
}

/// Returns true if there is no entry of this name, also because a part of its path is a file.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Returns the name of a file until it is complete.
fn part_name(name: &str) -> String {
    format!("{name}.part")
}

#[cfg(test)]
mod tests;
