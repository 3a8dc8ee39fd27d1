//! The record of a download: a locked file of one line per note.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use export::id::ExportId;
use export::manifest::Manifest;

use crate::Error;
use crate::expected::local_path;

/// Name of the record. It is not matched by `orders.*`, and programs that read a folder as one table skip hidden
/// files.
pub(super) const RECORD_NAME: &str = ".sluice-download";

/// Record, locked until it is dropped.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    file: File,
    notes: Notes,
}

#[derive(Debug, Default)]
struct Notes {
    export: Option<ExportId>,
    parts: BTreeSet<String>,
    /// SHA-256 values by file name. A name may have been written twice: a chunk that is read again has a file of the
    /// same name.
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Record {
    /// Locks the record of this folder for an export.
    pub(super) fn lock(directory: &Path, export: ExportId) -> Result<Self, Error> {
        let path = directory.join(RECORD_NAME);
        let mut file = locked(&path, directory)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(Error::io(&path))?;
        let notes = Notes::read(&text);
        match notes.export {
            Some(other) if other != export => {
                Err(Error::OtherExport { directory: directory.to_owned(), export: other })
            }
            known => {
                let mut record = Self { path, file, notes };
                // A note cut off by a crash must not absorb the next one.
                if !text.is_empty() && !text.ends_with('\n') {
                    record.append("")?;
                }
                if known.is_none() {
                    record.append(&format!("export {export}"))?;
                }
                Ok(record)
            }
        }
    }

    /// Returns the export whose record is in this folder.
    pub(super) fn owner(directory: &Path) -> Option<ExportId> {
        Notes::read(&fs::read_to_string(directory.join(RECORD_NAME)).ok()?).export
    }

    /// Adds the files of the manifest, which was written when an earlier record was removed.
    pub(super) fn take_over(&mut self, manifest: &Manifest) {
        let files = manifest.datasets.iter().flat_map(|d| &d.chunks).filter_map(|c| c.file.as_ref());
        self.take_over_files(files.map(|file| (file.name.clone(), file.sha256.clone())));
    }

    /// Adds files of an earlier run, each with its SHA-256.
    pub(super) fn take_over_files(&mut self, files: impl IntoIterator<Item = (String, String)>) {
        for (name, sha256) in files {
            self.notes.files.entry(name).or_default().insert(sha256);
        }
    }

    pub(super) fn note_part(&mut self, name: &str) -> Result<(), Error> {
        if self.notes.parts.insert(name.to_owned()) {
            self.append(&format!("part {name}"))?;
        }
        Ok(())
    }

    pub(super) fn note_file(&mut self, name: &str, sha256: &str) -> Result<(), Error> {
        if self.notes.files.entry(name.to_owned()).or_default().insert(sha256.to_owned()) {
            self.append(&format!("file {sha256} {name}"))?;
        }
        Ok(())
    }

    pub(super) fn has_part(&self, name: &str) -> bool {
        self.notes.parts.contains(name)
    }

    pub(super) fn parts(&self) -> Vec<String> {
        self.notes.parts.iter().cloned().collect()
    }

    /// Returns every SHA-256 that a file of this name was written with.
    pub(super) fn hashes(&self, name: &str) -> BTreeSet<String> {
        self.notes.files.get(name).cloned().unwrap_or_default()
    }

    /// Removes the record, since the manifest now contains the same information.
    pub(super) fn remove(self) {
        // If it remains, the next run reads it like any other.
        let _ = fs::remove_file(&self.path);
    }

    fn append(&mut self, line: &str) -> Result<(), Error> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(Error::io(&self.path))
    }
}

impl Notes {
    /// Parses the notes. Other lines are skipped.
    fn read(text: &str) -> Self {
        let mut notes = Self::default();
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            match line.split_once(' ') {
                Some(("export", id)) => notes.export = id.parse().ok().or(notes.export),
                // Another program may have written it: names that lead out of the folder are ignored.
                Some(("part", name)) if is_name(name) => _ = notes.parts.insert(name.to_owned()),
                Some(("file", rest)) => {
                    if let Some((sha256, name)) = rest.split_once(' ').filter(|(_, name)| is_name(name)) {
                        notes.files.entry(name.to_owned()).or_default().insert(sha256.to_owned());
                    }
                }
                _ => {}
            }
        }
        notes
    }
}

/// Returns true if a file of this name is below the folder.
fn is_name(name: &str) -> bool {
    local_path(Path::new(""), name).is_ok()
}

/// Opens and locks the record. A link is rejected, since it leads to a file that does not belong to this program. A
/// run that ends removes the record: then the lock is on a file without a name, and another one must be created.
fn locked(path: &Path, directory: &Path) -> Result<File, Error> {
    loop {
        if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
            return Err(Error::io(path)(std::io::Error::other("it is not a regular file; move it")));
        }
        let opened = File::options().create(true).read(true).append(true).open(path);
        let file = opened.map_err(Error::io(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { directory: directory.to_owned() }),
            // A file system without locks.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Error::io(path)(error)),
        }
        if is_same(&file, path) {
            return Ok(file);
        }
    }
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |meta: std::io::Result<fs::Metadata>| meta.map(|meta| (meta.dev(), meta.ino())).ok();
    id(file.metadata()) == id(fs::metadata(path))
}

/// Always true: on this system a file keeps its name until it is closed.
#[cfg(not(unix))]
fn is_same(_: &File, _: &Path) -> bool {
    true
}
