//! Download of all files of an export into a directory: several at a time, each verified.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use export::id::ExportId;
use export::manifest::Manifest;
use futures::StreamExt;
use serde::Serialize;

use super::gauge::Gauge;
use super::outcome::Failure;
use crate::error::with_causes;
use crate::text::count;
use crate::{Client, Error, ExpectedFile, Fetched, Folder, empty};

/// Directory and parallelism of a download.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Files")]
pub(super) struct Destination {
    /// Directory for the files [default: exports/ID]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files in the directory that this export did not write
    #[arg(long)]
    overwrite: bool,
    /// Number of files to download in parallel
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,
}

/// State of the directory after a download.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Loaded {
    /// Path of the directory.
    pub(super) directory: PathBuf,
    /// True if all files of the export are present, and its manifest.
    pub(super) complete: bool,
    /// Datasets with at least one file present, including those without rows.
    pub(super) datasets: usize,
    /// Files added by this run: downloaded, or created for a dataset without rows.
    pub(super) loaded: usize,
    /// Files that were already present.
    pub(super) present: usize,
    /// Rows in the files present.
    pub(super) rows: u64,
    /// Bytes of the files present.
    pub(super) bytes: u64,
    /// Files that could not be downloaded, with the reasons.
    pub(super) failures: Vec<String>,
}

/// File to download, with its share of the totals.
struct Item {
    expected: ExpectedFile,
    dataset: String,
    rows: u64,
}

impl Destination {
    pub(super) fn directory(&self, id: ExportId) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("exports").join(id.to_string()))
    }

    /// Returns a hint on how to resume the download later.
    pub(super) fn resume_hint(&self, id: ExportId) -> String {
        let out = self.out.as_ref().map(|out| format!(" --out {}", out.display())).unwrap_or_default();
        format!("export {id} is not affected; resume with: sluice download {id}{out}")
    }

    /// Downloads the files of a succeeded export, creates one for each dataset without rows, and writes the manifest.
    pub(super) async fn load_all(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        let (manifest, text) = client.manifest_text(id).await?;
        let folder = Folder::open(&self.directory(id), id).map_err(in_the_way)?.overwriting(self.overwrite);
        let items = manifest.datasets.iter().flat_map(|dataset| {
            let name = &dataset.head.name;
            dataset.chunks.iter().filter_map(move |chunk| {
                let expected = ExpectedFile::from(chunk.file.as_ref()?);
                Some(Item { expected, dataset: name.clone(), rows: chunk.rows })
            })
        });
        folder.check_whole(&manifest).map_err(in_the_way)?;
        let mut loaded = self.load(client, id, &folder, items.collect()).await?;
        add_empty(&folder, &manifest, &mut loaded)?;
        loaded.complete = loaded.failures.is_empty();
        if loaded.complete {
            let removed = folder.remove_leftovers(&manifest).map_err(in_the_way)?;
            if removed > 0 {
                let files = count(removed as u64, "file");
                eprintln!("removed {files} of an earlier download that no longer belong to this export");
            }
            folder.seal(&manifest, &text).map_err(in_the_way)?;
        }
        Ok(loaded)
    }

    /// Downloads the files written so far.
    pub(super) async fn load_present(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        let (mut items, mut cursor) = (Vec::new(), None);
        loop {
            let page = client.files(id, cursor.as_deref(), false).await?;
            items.extend(page.files.into_iter().map(|file| Item {
                expected: ExpectedFile::from(&file),
                dataset: file.dataset,
                rows: file.rows,
            }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let folder = Folder::open(&self.directory(id), id).map_err(in_the_way)?.overwriting(self.overwrite);
        self.load(client, id, &folder, items).await
    }

    /// Rejects a directory with the files of another export; `None`: of any export.
    pub(super) fn check(&self, id: Option<ExportId>) -> Result<(), Failure> {
        let directory = id.map_or_else(|| self.out.clone(), |id| Some(self.directory(id)));
        if let Some(file) = directory.as_ref().filter(|path| path.exists() && !path.is_dir()) {
            return Err(Failure::Usage(format!("--out: {} is a file, not a directory", file.display())));
        }
        Ok(directory.map_or(Ok(()), |directory| Folder::refuse_others(&directory, id))?)
    }

    async fn load(
        &self,
        client: &Client,
        id: ExportId,
        folder: &Folder,
        items: Vec<Item>,
    ) -> Result<Loaded, Failure> {
        let expected: Vec<_> = items.iter().map(|item| item.expected.clone()).collect();
        folder.check(&expected).map_err(in_the_way)?;
        let gauge = Gauge::new(expected.iter().map(|file| file.bytes).sum());
        let gauge = &gauge;
        let results: Vec<_> = futures::stream::iter(&items)
            .map(async |item| {
                let file = gauge.file();
                let moved = |at: u64| file.moved(at);
                (item, client.download(id, &item.expected, folder, &moved).await)
            })
            .buffer_unordered(usize::from(self.parallel))
            .collect()
            .await;
        gauge.finish();
        let mut loaded = Loaded::nothing(folder.path());
        let mut datasets = BTreeSet::new();
        for (item, result) in results {
            match result {
                Ok(Fetched::Loaded) => loaded.loaded += 1,
                Ok(Fetched::Present) => loaded.present += 1,
                Err(error) => {
                    loaded.failures.push(format!("{}: {}", item.expected.name, with_causes(&error)));
                    continue;
                }
            }
            loaded.rows += item.rows;
            loaded.bytes += item.expected.bytes;
            datasets.insert(&item.dataset);
        }
        loaded.datasets = datasets.len();
        Ok(loaded)
    }
}

impl Loaded {
    fn nothing(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            complete: false,
            datasets: 0,
            loaded: 0,
            present: 0,
            rows: 0,
            bytes: 0,
            failures: Vec::new(),
        }
    }
}

/// Creates the file of each dataset without rows that has none yet.
fn add_empty(folder: &Folder, manifest: &Manifest, loaded: &mut Loaded) -> Result<(), Failure> {
    for head in manifest.datasets.iter().filter(|d| d.rows == 0).map(|d| &d.head) {
        let name = empty::file_name(head);
        let path = crate::expected::local_path(folder.path(), &name)?;
        if empty::is_right(&path, head) {
            loaded.present += 1;
        } else {
            let file = empty::file(head).map_err(Error::io(&path))?;
            folder.write(&name, &file).map_err(in_the_way)?;
            loaded.loaded += 1;
        }
        loaded.datasets += 1;
        loaded.bytes += std::fs::metadata(&path).map_err(Error::io(&path))?.len();
    }
    Ok(())
}

/// Adds a hint to an error about existing files.
fn in_the_way(error: Error) -> Failure {
    match error {
        Error::Occupied { .. } => Failure::from(error)
            .hint("choose another directory with --out, move them, or replace files with --overwrite"),
        other => other.into(),
    }
}
