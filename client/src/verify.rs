//! Offline verification of a directory of files against its manifest.
//!
//! It proves that the files are the ones the export wrote (length and SHA-256), that they contain the number of rows
//! in the manifest (counted again), and that their ranges tile the requested range. It does not access the database.

mod file;
mod ranges;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use export::id::ExportId;
use export::manifest::{MANIFEST_VERSION, Manifest, ManifestDataset, ManifestFile};
use serde::Serialize;

use crate::expected::local_path;
use crate::joined::{JOINED_NAME, Joined};
use crate::{Error, empty};

/// Name of the manifest in a directory of files.
pub const MANIFEST_NAME: &str = "manifest.json";

/// Result of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// ID of the export.
    pub export: ExportId,
    /// Number of datasets in the manifest.
    pub datasets: usize,
    /// Number of expected files: those of the manifest, and those of datasets without rows that are present.
    pub files: usize,
    /// Number of files in the manifest that were read for an earlier export, and of which the source has shown that
    /// nothing had changed.
    pub unchanged: usize,
    /// Rows counted in the files present.
    pub rows: u64,
    /// Bytes of the files present.
    pub bytes: u64,
    /// Instant that all files show; absent if each file shows its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Datasets that are samples, each with its maximum number of rows: their files are not all rows of the range.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub samples: BTreeMap<String, u64>,
    /// All faults; empty if the directory is exactly what was exported.
    pub faults: Vec<Fault>,
}

/// Fault found in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// File or dataset.
    pub subject: String,
    /// Description of the fault.
    pub message: String,
}

impl Fault {
    fn new(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self { subject: subject.into(), message: message.into() }
    }
}

/// Reads `directory/manifest.json`.
///
/// # Errors
/// If it does not exist or is not a valid manifest.
pub fn read_manifest(directory: &Path) -> Result<Manifest, Error> {
    let path = directory.join(MANIFEST_NAME);
    let text = fs::read(&path).map_err(Error::io(&path))?;
    serde_json::from_slice(&text).map_err(|source| Error::Body { what: MANIFEST_NAME, source })
}

/// Verifies a directory. `seen` receives the size of each file once it has been read.
///
/// # Errors
/// If there is no manifest. Everything else is a fault in the report.
pub fn verify(directory: &Path, seen: &(dyn Fn(u64) + Sync)) -> Result<Verification, Error> {
    let manifest = read_manifest(directory)?;
    let mut faults = Vec::new();
    if manifest.version != MANIFEST_VERSION {
        let message =
            format!("its version is {}; this program supports {MANIFEST_VERSION}", manifest.version);
        faults.push(Fault::new(MANIFEST_NAME, message));
    }
    faults.extend(ranges::check(&manifest));
    let strays = strays(directory, &manifest);
    faults.extend(strays.into_iter().map(|stray| Fault::new(stray.name, stray.message)));
    let joined = Joined::read(directory, manifest.export);
    faults.extend(joined.iter().flat_map(|joined| unjoined(&manifest, joined)));
    let empty = if joined.is_some() { Vec::new() } else { empty_files(directory, &manifest) };
    let files = expected(&manifest, joined.as_ref());
    let found = Mutex::new((0, 0, &mut faults));
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((dataset, file, rows)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = file::check(directory, file, &dataset.head, *rows);
            seen(file.bytes);
            // A thread that panicked has added either everything or nothing.
            let mut found = found.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match outcome {
                Ok(rows) => {
                    found.0 += rows;
                    found.1 += file.bytes;
                }
                Err(fault) => found.2.push(fault),
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(files.len().max(1));
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let (rows, bytes, _) = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    faults.sort();
    let (datasets, files) = (manifest.datasets.len(), files.len() + empty.len());
    let bytes = bytes + empty.iter().sum::<u64>();
    let sample = |d: &ManifestDataset| Some((d.head.name.clone(), d.head.sample?.limit));
    let samples = manifest.datasets.iter().filter_map(sample).collect();
    let chunks = manifest.datasets.iter().flat_map(|dataset| &dataset.chunks);
    let unchanged = chunks.filter(|chunk| chunk.verified.is_some() && chunk.file.is_some()).count();
    let as_of = manifest.consistency.as_ref().map(|snapshot| snapshot.as_of.clone());
    let export = manifest.export;
    Ok(Verification { export, datasets, files, unchanged, rows, bytes, as_of, samples, faults })
}

/// Returns the files that must be in the directory: those of the manifest, or the joined ones.
fn expected<'a>(
    manifest: &'a Manifest,
    joined: Option<&Joined>,
) -> Vec<(&'a ManifestDataset, ManifestFile, u64)> {
    let Some(joined) = joined else {
        return files(manifest).map(|(dataset, file, rows)| (dataset, file.clone(), rows)).collect();
    };
    let file = |dataset: &'a ManifestDataset| {
        joined.file(&dataset.head.name).map(|file| (dataset, file.as_manifest_file(), dataset.rows))
    };
    manifest.datasets.iter().filter_map(file).collect()
}

/// Returns a fault for each dataset whose joined file was not made of its files in the manifest.
fn unjoined(manifest: &Manifest, joined: &Joined) -> Vec<Fault> {
    let odd =
        |dataset: &&ManifestDataset| !joined.file(&dataset.head.name).is_some_and(|file| file.is_of(dataset));
    let fault = |dataset: &ManifestDataset| {
        Fault::new(JOINED_NAME, format!("its entry for {} does not match the manifest", dataset.head.name))
    };
    manifest.datasets.iter().filter(odd).map(fault).collect()
}

/// Returns all files of a manifest, each with its dataset and its expected number of rows.
pub(crate) fn files(manifest: &Manifest) -> impl Iterator<Item = (&ManifestDataset, &ManifestFile, u64)> {
    manifest.datasets.iter().flat_map(|dataset| {
        dataset.chunks.iter().filter_map(move |c| c.file.as_ref().map(|file| (dataset, file, c.rows)))
    })
}

/// Returns the sizes of the files of datasets without rows. Older versions of this program created none in Parquet,
/// so a missing one is not a fault.
fn empty_files(directory: &Path, manifest: &Manifest) -> Vec<u64> {
    let heads = manifest.datasets.iter().filter(|d| d.rows == 0).map(|d| &d.head);
    let there = heads.filter_map(|head| {
        let path = local_path(directory, &empty::file_name(head)).ok()?;
        empty::is_right(&path, head).then(|| fs::metadata(&path).map_or(0, |meta| meta.len()))
    });
    there.collect()
}

/// File that looks like one of an export's but is not.
pub(crate) struct Stray {
    pub(crate) name: String,
    pub(crate) message: &'static str,
    /// True if it has the name of the file of a dataset without rows.
    pub(crate) stands_in: bool,
}

/// Returns the files that look like this export's but are not: a program that reads all `orders.*` would include
/// them.
pub(crate) fn strays(directory: &Path, manifest: &Manifest) -> Vec<Stray> {
    let joined = Joined::read(directory, manifest.export);
    let listed: BTreeSet<_> =
        expected(manifest, joined.as_ref()).into_iter().map(|(_, file, _)| file.name).collect();
    let datasets: BTreeMap<_, _> = manifest.datasets.iter().map(|d| (d.head.name.as_str(), d)).collect();
    let mut names = entries(directory, "");
    for dataset in manifest.datasets.iter().filter(|dataset| dataset.head.hive.is_some()) {
        let files = entries(directory, &format!("{}/", dataset.head.name));
        let folders = files.iter().filter(|name| name.contains('='));
        let inner: Vec<_> = folders.flat_map(|folder| entries(directory, &format!("{folder}/"))).collect();
        names.extend(files.into_iter().chain(inner));
    }
    let stray = |name: String| {
        let dataset = datasets.get(name.split_once(['.', '/'])?.0)?;
        let ours = name.ends_with(&format!(".{}", dataset.head.output.extension()));
        if !ours || listed.contains(&name) {
            return None;
        }
        let stands_in = dataset.rows == 0 && name == empty::file_name(&dataset.head);
        if stands_in && empty::is_right(&directory.join(&name), &dataset.head) {
            return None;
        }
        let message = if joined.is_some() {
            "the files of this directory are joined, but this one is not among them"
        } else if stands_in {
            "the dataset has no rows, but this file contains rows"
        } else {
            "it is not in the manifest"
        };
        Some(Stray { name, message, stands_in })
    };
    names.into_iter().filter_map(stray).collect()
}

/// Returns the names of the entries of a folder below `directory`, each with the folder before it.
fn entries(directory: &Path, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(directory.join(folder)) else { return Vec::new() };
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    names.map(|name| format!("{folder}{name}")).collect()
}

#[cfg(test)]
mod tests;
