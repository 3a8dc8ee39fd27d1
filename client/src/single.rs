//! Joining the files of each dataset to one.
//!
//! NDJSON and compressed members can be appended as they are. Of CSV only the first file keeps its header: of the
//! others the first gzip member, or the whole text if it is compressed with zstd, is written again without it. A
//! Parquet file ends with its own index, so Parquet cannot be joined by appending.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Result, Write, copy};
use std::path::Path;

use export::format::{Compression, Format};
use export::id::hex;
use export::manifest::{DatasetHead, Manifest, ManifestDataset};
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use crate::expected::local_path;
use crate::joined::{JOINED_NAME, Joined, JoinedFile, parts};
use crate::{Error, Folder, empty};

const BUFFER_BYTES: usize = 256 * 1024;

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
        let sample = if dataset.head.sample.is_some() { ".sample" } else { "" };
        let name = format!("{}{sample}.{}", dataset.head.name, dataset.head.output.extension());
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
