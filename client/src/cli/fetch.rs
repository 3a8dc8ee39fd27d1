//! Loading all files of an export into a directory: several at a time, each checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use export::id::ExportId;
use futures::StreamExt;
use serde::Serialize;

use super::outcome::Failure;
use super::progress::Progress;
use crate::error::with_causes;
use crate::text::{bytes, header_only, header_only_name};
use crate::verify::{MANIFEST_NAME, read_manifest};
use crate::{Client, Error, Fetched, Wanted};

/// Where files go, and how many at a time.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// Directory for the files; `exports/ID` if not given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Files loaded at the same time
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    parallel: u8,
}

/// What is there now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Loaded {
    /// The directory.
    pub(super) directory: PathBuf,
    /// Whether all files of the export are there, and its manifest.
    pub(super) complete: bool,
    /// Datasets with at least one file here, those without rows included.
    pub(super) datasets: usize,
    /// Files loaded now.
    pub(super) loaded: usize,
    /// Files that were there already.
    pub(super) present: usize,
    /// Rows of all files.
    pub(super) rows: u64,
    /// Bytes of all files.
    pub(super) bytes: u64,
    /// Files that could not be loaded, and why.
    pub(super) failures: Vec<String>,
}

impl Target {
    pub(super) fn directory(&self, id: ExportId) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("exports").join(id.to_string()))
    }

    /// How to go on with this export later.
    pub(super) fn resume_hint(&self, id: ExportId) -> String {
        let out = self.out.as_ref().map(|out| format!(" --out {}", out.display())).unwrap_or_default();
        format!("export {id} is not affected; go on with: sluice download {id}{out}")
    }

    /// Loads the files of a succeeded export, its manifest, and a header-only file per empty dataset.
    pub(super) async fn load_all(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        let (manifest, text) = client.manifest_text(id).await?;
        let directory = self.prepare(id)?;
        let files = manifest.datasets.iter().flat_map(|d| &d.chunks).filter_map(|c| c.file.as_ref());
        let mut loaded = self.load(client, id, directory, files.map(Wanted::from).collect()).await?;
        loaded.datasets = manifest.datasets.len();
        loaded.rows = manifest.rows;
        for dataset in manifest.datasets.iter().filter(|d| d.rows == 0) {
            let path = crate::download::local_path(&loaded.directory, &header_only_name(&dataset.head))?;
            if let Some(file) = header_only(&dataset.head).map_err(Error::io(&path))? {
                fs::write(&path, file).map_err(Error::io(&path))?;
            }
        }
        loaded.complete = loaded.failures.is_empty();
        if loaded.complete {
            // The manifest is the sign that all is there, so it comes last and at once.
            let path = loaded.directory.join(MANIFEST_NAME);
            let part = loaded.directory.join(format!("{MANIFEST_NAME}.part"));
            fs::write(&part, &text).and_then(|()| fs::rename(&part, &path)).map_err(Error::io(&path))?;
        }
        Ok(loaded)
    }

    /// Loads the files that are there so far.
    pub(super) async fn load_present(&self, client: &Client, id: ExportId) -> Result<Loaded, Failure> {
        let (mut files, mut cursor) = (Vec::new(), None);
        loop {
            let page = client.files(id, cursor.as_deref(), false).await?;
            files.extend(page.files);
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let directory = self.prepare(id)?;
        let wanted = files.iter().map(Wanted::from).collect();
        let mut loaded = self.load(client, id, directory, wanted).await?;
        loaded.rows = files.iter().map(|file| file.rows).sum();
        loaded.datasets = files.iter().map(|file| &file.dataset).collect::<BTreeSet<_>>().len();
        Ok(loaded)
    }

    /// Refuses a directory with the files of another export; `None`: of any.
    pub(super) fn check(&self, id: Option<ExportId>) -> Result<(), Failure> {
        let directory = id.map_or_else(|| self.out.clone(), |id| Some(self.directory(id)));
        match directory.as_deref().map(|directory| (directory, read_manifest(directory))) {
            Some((directory, Ok(other))) if Some(other.export) != id => Err(Failure::Usage(format!(
                "{} holds the files of export {}; choose another directory",
                directory.display(),
                other.export
            ))),
            _ => Ok(()),
        }
    }

    fn prepare(&self, id: ExportId) -> Result<PathBuf, Failure> {
        self.check(Some(id))?;
        let directory = self.directory(id);
        fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
        Ok(directory)
    }

    async fn load(
        &self,
        client: &Client,
        id: ExportId,
        directory: PathBuf,
        wanted: Vec<Wanted>,
    ) -> Result<Loaded, Failure> {
        let total: u64 = wanted.iter().map(|file| file.bytes).sum();
        let gauge =
            Gauge { progress: Progress::new(total), at: AtomicU64::new(0), total, since: Instant::now() };
        let (directory_ref, gauge) = (directory.as_path(), &gauge);
        let results: Vec<_> = futures::stream::iter(&wanted)
            .map(async |file| {
                let last = AtomicU64::new(0);
                let moved = |at: u64| gauge.moved(last.swap(at, Ordering::Relaxed), at);
                client.download(id, file, directory_ref, &moved).await.map_err(|error| (file, error))
            })
            .buffer_unordered(usize::from(self.parallel))
            .collect()
            .await;
        let here = |kind| results.iter().filter(|r| r.as_ref().is_ok_and(|f| *f == kind)).count();
        let (loaded, present) = (here(Fetched::Loaded), here(Fetched::Present));
        let failed = results.into_iter().filter_map(Result::err);
        let failures =
            failed.map(|(file, error)| format!("{}: {}", file.name, with_causes(&error))).collect();
        Ok(Loaded {
            directory,
            complete: false,
            datasets: 0,
            loaded,
            present,
            rows: 0,
            bytes: total,
            failures,
        })
    }
}

/// Bytes of all files together.
struct Gauge {
    progress: Progress,
    at: AtomicU64,
    total: u64,
    since: Instant,
}

impl Gauge {
    /// One file went from `before` to `now`.
    fn moved(&self, before: u64, now: u64) {
        // Wrapping addition of the difference is exact, also where a file begins again.
        let step = now.wrapping_sub(before);
        let at = self.at.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        self.progress.show(at, || {
            let per_second = at as f64 / self.since.elapsed().as_secs_f64().max(0.001);
            format!("{} of {} loaded, {}/s", bytes(at), bytes(self.total), bytes(per_second as u64))
        });
    }
}
