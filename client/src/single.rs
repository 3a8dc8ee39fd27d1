//! Joined files: the files of a dataset appended to one, and the record by which they are verified.
//!
//! NDJSON and compressed members can be appended as they are. Of CSV only the first file keeps its header: of the
//! others the first gzip member, or the whole text if it is compressed with zstd, is written again without it. A
//! Parquet file ends with its own index, so Parquet cannot be joined by appending.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Result, Write, copy};
use std::path::Path;

use export::format::{Compression, Format};
use export::id::{ExportId, hex};
use export::manifest::{DatasetHead, Manifest, ManifestDataset, ManifestFile};
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::expected::{hash_file, local_path};
use crate::{Error, Folder, empty};

/// Name of the record of joined files in a directory.
pub const JOINED_NAME: &str = "joined.json";

const BUFFER_BYTES: usize = 256 * 1024;

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

/// Returns the datasets whose files cannot be joined.
pub(crate) fn unfit(manifest: &Manifest) -> Option<&str> {
    let parquet = |dataset: &&ManifestDataset| dataset.head.output.format == Format::Parquet;
    manifest.datasets.iter().find(parquet).map(|dataset| dataset.head.name.as_str())
}

/// Joins the files of every dataset of a complete download, and writes the record of it. The files that were joined
/// remain; they are strays from now on.
pub(crate) fn join(folder: &Folder, manifest: &Manifest) -> std::result::Result<Joined, Error> {
    let mut files = Vec::new();
    for dataset in &manifest.datasets {
        let name = format!("{}.{}", dataset.head.name, dataset.head.output.extension());
        let path = folder.begin(&name)?;
        let written = join_dataset(folder.path(), dataset, &path).map_err(Error::io(&path))?;
        let (bytes, sha256) = written;
        folder.finish(&name, &sha256)?;
        let parts = parts(dataset).map(|file| file.name.clone()).collect();
        let (dataset, rows) = (dataset.head.name.clone(), dataset.rows);
        files.push(JoinedFile { dataset, name, bytes, sha256, rows, parts });
    }
    let joined = Joined { export: manifest.export, files };
    let text =
        serde_json::to_vec_pretty(&joined).map_err(|source| Error::Body { what: JOINED_NAME, source })?;
    folder.write(JOINED_NAME, &text)?;
    Ok(joined)
}

fn parts(dataset: &ManifestDataset) -> impl Iterator<Item = &ManifestFile> {
    dataset.chunks.iter().filter_map(|chunk| chunk.file.as_ref())
}

fn join_dataset(directory: &Path, dataset: &ManifestDataset, path: &Path) -> Result<(u64, String)> {
    let mut out = Hashed {
        inner: BufWriter::with_capacity(BUFFER_BYTES, File::create(path)?),
        hash: Sha256::new(),
        bytes: 0,
    };
    let mut first = true;
    for part in parts(dataset) {
        let path = local_path(directory, &part.name).map_err(std::io::Error::other)?;
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
        if first {
            copy(&mut raw, &mut out)?
        } else {
            append(&mut raw, &dataset.head, &mut out)?
        };
        first = false;
    }
    if first {
        out.write_all(&empty::file(&dataset.head)?)?;
    }
    out.flush()?;
    Ok((out.bytes, hex(&out.hash.finalize())))
}

/// Appends a file without its header.
fn append(raw: &mut impl BufRead, head: &DatasetHead, out: &mut impl Write) -> Result<u64> {
    let header = empty::header(head);
    match head.output.compression {
        _ if header.is_empty() => copy(raw, out),
        Compression::None | Compression::Snappy => {
            skip(raw, &header)?;
            copy(raw, out)
        }
        Compression::Zstd => {
            let mut text = zstd::Decoder::with_buffer(raw)?;
            skip(&mut text, &header)?;
            let mut encoder = zstd::Encoder::new(out, 0)?;
            let bytes = copy(&mut text, &mut encoder)?;
            encoder.finish()?;
            Ok(bytes)
        }
        Compression::Gzip => {
            let mut member = GzDecoder::new(raw);
            skip(&mut member, &header)?;
            let mut encoder = GzEncoder::new(&mut *out, flate2::Compression::default());
            copy(&mut member, &mut encoder)?;
            encoder.finish()?;
            // All members after the first are appended as they are.
            copy(member.into_inner(), out)
        }
    }
}

fn skip(text: &mut impl Read, header: &[u8]) -> Result<()> {
    let mut found = vec![0; header.len()];
    text.read_exact(&mut found)?;
    let differs = || std::io::Error::other("a file does not begin with the header of its dataset");
    if found == header { Ok(()) } else { Err(differs()) }
}

/// Writer that hashes and counts what it writes.
struct Hashed<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> Result<usize> {
        let n = self.inner.write(buffer)?;
        self.hash.update(&buffer[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
