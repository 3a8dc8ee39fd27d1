//! The record of joined files, by which they are verified.

use std::path::Path;

use export::id::{ExportId, hex};
use export::manifest::{Manifest, ManifestDataset, ManifestFile};
use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::expected::{hash_file, local_path};

/// Name of the record of joined files in a directory.
pub const JOINED_NAME: &str = "joined.json";

/// Joined files of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// ID of the export.
    pub export: ExportId,
    /// One file per dataset.
    pub files: Vec<JoinedFile>,
}

/// File with all rows of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinedFile {
    /// Name of the dataset.
    pub dataset: String,
    /// Name of the file.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
    /// Number of rows.
    pub rows: u64,
    /// Names of the files in the manifest that were joined, in their order.
    pub parts: Vec<String>,
}

impl JoinedFile {
    /// Returns true if it was made of exactly the files that the manifest lists for the dataset.
    pub(crate) fn is_of(&self, dataset: &ManifestDataset) -> bool {
        let parts = parts(dataset).map(|file| file.name.as_str());
        self.rows == dataset.rows && parts.eq(self.parts.iter().map(String::as_str))
    }

    /// Returns the entry that the file would have in a manifest.
    pub(crate) fn as_manifest_file(&self) -> ManifestFile {
        let (name, bytes, sha256) = (self.name.clone(), self.bytes, self.sha256.clone());
        ManifestFile { name, key: String::new(), bytes, sha256 }
    }
}

impl Joined {
    /// Reads the record of a directory, if it belongs to this export.
    pub(crate) fn read(directory: &Path, export: ExportId) -> Option<Self> {
        let text = std::fs::read(directory.join(JOINED_NAME)).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|joined| joined.export == export)
    }

    /// Returns the joined file of a dataset.
    pub(crate) fn file(&self, dataset: &str) -> Option<&JoinedFile> {
        self.files.iter().find(|file| file.dataset == dataset)
    }

    /// Returns true if every dataset of the manifest has its file, with its length and SHA-256.
    pub(crate) fn is_complete(&self, directory: &Path, manifest: &Manifest) -> bool {
        let is_there = |file: &JoinedFile| {
            let path = local_path(directory, &file.name).ok()?;
            let (hash, length) = hash_file(&path).ok()??;
            (length == file.bytes && hex(&hash.finalize()) == file.sha256).then_some(())
        };
        let is_right = |dataset: &ManifestDataset| {
            self.file(&dataset.head.name).is_some_and(|file| file.is_of(dataset) && is_there(file).is_some())
        };
        manifest.datasets.iter().all(is_right)
    }
}

/// Returns the files of a dataset in the manifest, in their order.
pub(crate) fn parts(dataset: &ManifestDataset) -> impl Iterator<Item = &ManifestFile> {
    dataset.chunks.iter().filter_map(|chunk| chunk.file.as_ref())
}
