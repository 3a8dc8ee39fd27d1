//! A succeeded export, downloaded and verified.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use client::{Client, Wanted};
use export::id::ExportId;
use export::manifest::Manifest;
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
    /// If anything is missing or not what the manifest says.
    pub async fn download(client: &Client, id: ExportId) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (manifest, text) = client.manifest_text(id).await?;
        for file in manifest.datasets.iter().flat_map(|d| &d.chunks).filter_map(|c| c.file.as_ref()) {
            client.download(id, &Wanted::from(file), folder.path(), &|_| ()).await?;
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

    /// The records of a dataset in the order of its chunks, headers left out.
    ///
    /// # Errors
    /// If a file cannot be read or has another header than the manifest's columns.
    pub fn records(&self, dataset: &str) -> Result<Vec<u8>> {
        let dataset = self
            .manifest
            .datasets
            .iter()
            .find(|d| d.head.name == dataset)
            .context("the export has no such dataset")?;
        let header: Vec<_> = dataset.head.columns.iter().map(|c| c.name.as_str()).collect();
        let header = format!("{}\n", header.join(","));
        let mut records = Vec::new();
        for file in dataset.chunks.iter().filter_map(|c| c.file.as_ref()) {
            let content = read(&self.folder.path().join(&file.name))?;
            let rest = content.strip_prefix(header.as_bytes());
            records.extend_from_slice(
                rest.with_context(|| format!("{} has another header than {header}", file.name))?,
            );
        }
        Ok(records)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let stored = std::fs::read(path)?;
    if path.extension().is_none_or(|e| e != "gz") {
        return Ok(stored);
    }
    let mut content = Vec::new();
    MultiGzDecoder::new(&stored[..]).read_to_end(&mut content)?;
    Ok(content)
}
