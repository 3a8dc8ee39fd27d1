//! Files of an export as they must be on disk: their names, paths, sizes and hashes.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use export::id::hex;
use export::manifest::ManifestFile;
use export::wire::FileEntry;
use sha2::{Digest, Sha256};

use crate::Error;
use crate::text::is_control;

/// Number of bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// File to download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedFile {
    /// Name in the export.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl From<&ManifestFile> for ExpectedFile {
    fn from(file: &ManifestFile) -> Self {
        Self { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

impl From<&FileEntry> for ExpectedFile {
    fn from(file: &FileEntry) -> Self {
        Self { name: file.name.clone(), bytes: file.bytes, sha256: file.sha256.clone() }
    }
}

/// Returns the path for a file of that name, which may have folders. Rejects names that would lead out of the directory.
pub(crate) fn local_path(directory: &Path, name: &str) -> Result<PathBuf, Error> {
    let odd = |c: char| matches!(c, '\\' | ':') || is_control(c);
    if name.contains(odd) || name.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Err(Error::BadName { name: name.to_owned() });
    }
    Ok(name.split('/').fold(directory.to_owned(), |path, part| path.join(part)))
}

/// Returns true if the file is present with its length and SHA-256.
pub(crate) async fn is_there(path: &Path, expected: &ExpectedFile) -> Result<bool, Error> {
    // In most cases the length alone decides.
    if fs::metadata(path).map_or(0, |meta| meta.len()) != expected.bytes {
        return Ok(false);
    }
    let found = hashed(path).await?;
    Ok(found.is_some_and(|(hash, _)| hex(&hash.finalize()) == expected.sha256))
}

/// Returns the hash state after all bytes of a file, and their number; `None` if there is no such file.
pub(crate) fn hash_file(path: &Path) -> Result<Option<(Sha256, u64)>, Error> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Error::io(path)(error)),
    };
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0, vec![0; READ_BYTES]);
    loop {
        match file.read(&mut buffer).map_err(Error::io(path))? {
            0 => return Ok(Some((hash, length))),
            n => {
                hash.update(&buffer[..n]);
                length += n as u64;
            }
        }
    }
}

/// Hashes a file on a separate thread.
pub(crate) async fn hashed(path: &Path) -> Result<Option<(Sha256, u64)>, Error> {
    let owned = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || hash_file(&owned)).await;
    hashed.unwrap_or_else(|panic| Err(Error::io(path)(std::io::Error::other(panic))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_name_cannot_leave_the_directory() {
        for bad in [
            "",
            "..",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            "a/.b",
            "a/b/../../../c",
            "/etc/x",
            ".hidden",
            "a\\b",
            "c:x",
            "a\nb",
            "\u{1b}]0;x\u{7}",
        ] {
            assert!(local_path(Path::new("d"), bad).is_err(), "{bad}");
        }
        assert_eq!(
            local_path(Path::new("d"), "orders.20240101-20240102T010000Z.csv.gz").unwrap().parent(),
            Some(Path::new("d"))
        );
        let path = local_path(Path::new("d"), "orders/month=2024-03/part-20240301-20240401.parquet").unwrap();
        assert_eq!(
            path,
            Path::new("d").join("orders").join("month=2024-03").join("part-20240301-20240401.parquet")
        );
    }
}
