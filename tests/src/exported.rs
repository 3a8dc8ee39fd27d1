//! A succeeded export, downloaded and verified.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use client::{Client, ExpectedFile, Folder};
use export::id::ExportId;
use export::manifest::{Manifest, ManifestDataset};
use flate2::read::MultiGzDecoder;
use tempfile::TempDir;

/// An export's manifest and files.
#[derive(Debug)]
pub struct Exported {
    /// The manifest.
    pub manifest: Manifest,
    folder: TempDir,
}

impl Exported {
    /// Downloads everything and checks it against the manifest.
    ///
    /// # Errors
    /// If anything is missing or differs from the manifest.
    pub async fn download(client: &Client, id: ExportId) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (manifest, text) = client.manifest_text(id).await?;
        let files = Folder::open(folder.path(), id)?;
        for file in manifest.datasets.iter().flat_map(|d| &d.chunks).filter_map(|c| c.file.as_ref()) {
            client.download(id, &ExpectedFile::from(file), &files, &|_| ()).await?;
        }
        std::fs::write(folder.path().join("manifest.json"), text)?;
        let report = client::verify::verify(folder.path(), &|_| ())?;
        ensure!(
            report.faults.is_empty(),
            "the download does not agree with its manifest: {:?}",
            report.faults
        );
        Ok(Self { manifest, folder })
    }

    /// Returns the records of a dataset in the order of its chunks, without headers.
    ///
    /// # Errors
    /// If a file cannot be read or has another header than the manifest's columns.
    pub fn records(&self, dataset: &str) -> Result<Vec<u8>> {
        let header: Vec<_> = self.dataset(dataset)?.head.columns.iter().map(|c| c.name.as_str()).collect();
        let header = format!("{}\n", header.join(","));
        let mut records = Vec::new();
        for (name, content) in self.contents(dataset)? {
            let rest = content.strip_prefix(header.as_bytes());
            records
                .extend_from_slice(rest.with_context(|| format!("{name} has another header than {header}"))?);
        }
        Ok(records)
    }

    /// Returns names and decompressed contents of a dataset's files, in the order of its chunks.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn contents(&self, dataset: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let files = self.dataset(dataset)?.chunks.iter().filter_map(|c| c.file.as_ref());
        files.map(|file| Ok((file.name.clone(), read(&self.folder.path().join(&file.name))?))).collect()
    }

    fn dataset(&self, name: &str) -> Result<&ManifestDataset> {
        let found = self.manifest.datasets.iter().find(|d| d.head.name == name);
        found.context("the export has no such dataset")
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let stored = std::fs::read(path)?;
    let mut content = Vec::new();
    match path.extension().and_then(|e| e.to_str()) {
        Some("gz") => MultiGzDecoder::new(&stored[..]).read_to_end(&mut content)?,
        // One frame: a reader that stops after the first one reads all.
        Some("zst") => zstd::Decoder::new(&stored[..])?.single_frame().read_to_end(&mut content)?,
        _ => return Ok(stored),
    };
    Ok(content)
}
