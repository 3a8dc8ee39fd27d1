//! Download of all files of an export into a directory: several at a time, each verified.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use export::id::ExportId;
use export::manifest::Manifest;
use futures::StreamExt;
use serde::Serialize;
use serde_json::Value;

use super::flags::commands;
use super::gauge::Gauge;
use super::outcome::Failure;
use super::{submission, terminal};
use crate::error::with_causes;
use crate::text::{count, shell_word};
use crate::{Client, Error, ExpectedFile, Fetched, Folder, Joined, empty, single};

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
    /// Join the files of each dataset to one, DATASET.csv.gz; not possible for Parquet
    #[arg(long)]
    single: bool,
    /// Limit the rate of all downloads together, in bytes per second: 500K, 10M, 1G
    #[arg(long, value_name = "RATE", value_parser = rate)]
    limit_rate: Option<u64>,
}

/// Slowest rate: below it the storage would end the connections.
const MIN_RATE: u64 = 1000;

/// Parses a rate in bytes per second. K, M and G are powers of 1000.
fn rate(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.trim_end_matches("/s").trim_end_matches('B') {
        bare if bare.ends_with(['K', 'k']) => (&bare[..bare.len() - 1], 1000),
        bare if bare.ends_with(['M', 'm']) => (&bare[..bare.len() - 1], 1_000_000),
        bare if bare.ends_with(['G', 'g']) => (&bare[..bare.len() - 1], 1_000_000_000),
        bare => (bare, 1),
    };
    let rate = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    rate.filter(|rate| *rate >= MIN_RATE)
        .ok_or_else(|| "use whole bytes per second, at least 1K, such as 500K, 10M or 1G".to_owned())
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
    /// Makes the destination of files that go to this directory.
    pub(super) fn into(directory: PathBuf, parallel: u8) -> Self {
        Self { out: Some(directory), overwrite: false, parallel, single: false, limit_rate: None }
    }

    pub(super) fn directory(&self, id: ExportId) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("exports").join(id.to_string()))
    }

    /// Returns the directory, if it was chosen.
    pub(super) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// Returns a hint on how to resume the download later.
    pub(super) fn resume_hint(&self, id: ExportId) -> String {
        let out = self.out.as_ref().map(|out| format!(" --out {}", shell_word(out))).unwrap_or_default();
        format!("export {id} is not affected; resume with: sluice download {id}{out}")
    }

    /// Downloads the files of a succeeded export, creates one for each dataset without rows, and writes the manifest.
    pub(super) async fn load_all(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        let (manifest, text) = client.manifest_text(id).await?;
        if let (true, Some(dataset)) = (self.single, single::unfit(&manifest)) {
            return Err(no_single(&format!("{dataset} is Parquet")));
        }
        let folder = Folder::open(&self.directory(id), id).map_err(in_the_way)?.overwriting(self.overwrite);
        if let Some(joined) = Joined::read(folder.path(), id) {
            if !self.single {
                let directory = folder.path().display();
                return Err(Failure::Usage(format!(
                    "--out: {directory} contains the joined files of this export; repeat with --single, or choose \
                     another directory"
                )));
            }
            if joined.is_complete(folder.path(), &manifest) {
                let mut loaded = Loaded::of_joined(folder.path(), &joined);
                loaded.present = joined.files.len();
                seal(folder, &manifest, &text, true)?;
                return Ok(loaded);
            }
        }
        let items = manifest.datasets.iter().flat_map(|dataset| {
            let name = &dataset.head.name;
            dataset.chunks.iter().filter_map(move |chunk| {
                let expected = ExpectedFile::from(chunk.file.as_ref()?);
                Some(Item { expected, dataset: name.clone(), rows: chunk.rows })
            })
        });
        folder.check_whole(&manifest).map_err(in_the_way)?;
        let mut loaded = self.load(client, id, &folder, items.collect()).await?;
        if self.single && loaded.failures.is_empty() {
            let joined = single::join(&folder, &manifest).map_err(in_the_way)?;
            loaded = Loaded { loaded: joined.files.len(), ..Loaded::of_joined(folder.path(), &joined) };
        } else {
            add_empty(&folder, &manifest, &mut loaded)?;
            loaded.complete = loaded.failures.is_empty();
        }
        if loaded.complete {
            seal(folder, &manifest, &text, self.single)?;
        }
        Ok(loaded)
    }

    /// Downloads the files written so far.
    pub(super) async fn load_present(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        if self.single {
            return Err(Failure::Usage(
                "--single: only the files of a complete export can be joined; leave out --partial".into(),
            ));
        }
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

    /// Rejects a request whose files could not be joined, before it is sent.
    pub(super) fn check_format(&self, request: &Value) -> Result<(), Failure> {
        match request["format"].as_str() {
            Some("parquet") if self.single => Err(no_single("the format is Parquet")),
            _ => Ok(()),
        }
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
        let client = &match self.limit_rate {
            Some(rate) => client.clone().with_rate_limit(rate),
            None => client.clone(),
        };
        let gauge = &Gauge::new(items.iter().map(|item| (item.dataset.as_str(), item.expected.bytes)));
        let results: Vec<_> = futures::stream::iter(&items)
            .map(async |item| {
                let file = gauge.file(&item.dataset);
                let moved = |at: u64| file.moved(at);
                let result = client.download(id, &item.expected, folder, &moved).await;
                file.ended(result.as_ref().ok().copied(), item.rows);
                (item, result)
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
                    loaded.failures.push(format!(
                        "{}: {}",
                        item.expected.name,
                        commands(&with_causes(&error))
                    ));
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

    /// Returns the state of a directory with joined files only.
    fn of_joined(directory: &Path, joined: &Joined) -> Self {
        Self {
            complete: true,
            datasets: joined.files.len(),
            rows: joined.files.iter().map(|file| file.rows).sum(),
            bytes: joined.files.iter().map(|file| file.bytes).sum(),
            ..Self::nothing(directory)
        }
    }
}

/// Removes files that no longer belong to the export, and writes the manifest.
fn seal(folder: Folder, manifest: &Manifest, text: &[u8], single: bool) -> Result<(), Failure> {
    let removed = folder.remove_leftovers(manifest).map_err(in_the_way)?;
    // With joined files these are the ones that were joined.
    if removed > 0 && !single {
        let files = count(removed as u64, "file");
        terminal::note(&format!(
            "removed {files} of an earlier download that no longer belong to this export"
        ));
    }
    let directory = folder.path().to_owned();
    folder.seal(manifest, text).map_err(in_the_way)?;
    submission::remove(&directory);
    Ok(())
}

fn no_single(why: &str) -> Failure {
    Failure::Usage(format!(
        "--single: {why}, and a Parquet file ends with its own index, so files cannot be appended; leave out \
         --single and read them together, for example with the views of `sluice sql`"
    ))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_bytes_per_second() {
        assert_eq!(
            ["500K", "10M", "1GB/s", "2000"].map(rate),
            [Ok(500_000), Ok(10_000_000), Ok(1_000_000_000), Ok(2000)]
        );
        for bad in ["", "M", "1.5M", "-1K", "10", "99999999999999999999G", "10Mi"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
