//! Downloads: one file at a time, complete and verified or not at all.
//!
//! Bytes are written to `NAME.part` in the directory of the file. After a broken connection the download resumes
//! there with a fresh link, also in a later run. Only a file with the length and SHA-256 recorded by the export gets
//! the final name. Existing files that were not written for this export are left alone; see [`Folder`].

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use export::id::{ExportId, hex};
use futures::StreamExt;
use reqwest::header::CONTENT_RANGE;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use crate::error::with_causes;
use crate::expected::{hashed, is_there, local_path};
use crate::{Client, Error, ExpectedFile, Folder};

/// Origin of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file was already present, with the right SHA-256.
    Present,
    /// The file was downloaded.
    Loaded,
}

impl Client {
    /// Downloads one file of an export into `folder`, unless it is already present. `at` receives the current length
    /// of the file: first the length that was already present, and a smaller one again if a partial file turns out to
    /// be useless.
    ///
    /// # Errors
    /// If the file cannot be downloaded or written, another file has its name, or its content differs from the record
    /// of the export; the file is then not present.
    pub async fn download(
        &self,
        id: ExportId,
        expected: &ExpectedFile,
        folder: &Folder,
        at: &(dyn Fn(u64) + Sync),
    ) -> Result<Fetched, Error> {
        let path = local_path(folder.path(), &expected.name)?;
        if is_there(&path, expected).await? {
            at(expected.bytes);
            return Ok(Fetched::Present);
        }
        let mut part = PartialFile::open(folder.begin(&expected.name)?, expected, at).await?;
        // A partial file of an earlier run may belong to another file; then one more start from zero is allowed.
        let mut second_chance = part.length > 0;
        loop {
            let outcome = match self.fill(id, &mut part).await {
                Ok(()) => part.check().await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => break,
                Err(Error::Mismatch { .. }) if second_chance => {
                    second_chance = false;
                    part.restart().await?;
                }
                Err(error @ Error::Mismatch { .. }) => {
                    drop(part.file);
                    fs::remove_file(&part.path).map_err(Error::io(&part.path))?;
                    return Err(error);
                }
                // The partial file is kept, so that the next run resumes it.
                Err(error) => return Err(error),
            }
        }
        drop(part.file);
        folder.finish(&expected.name, &expected.sha256)?;
        Ok(Fetched::Loaded)
    }

    /// Appends until the file has its full length. Gives up after several tries in a row without a new byte.
    async fn fill(&self, id: ExportId, part: &mut PartialFile<'_>) -> Result<(), Error> {
        // Only bytes never reached before count as progress: a start from zero does not.
        let (mut failures, mut best, mut since) = (0, part.length, Instant::now());
        while part.length < part.expected.bytes {
            let Err(error) = self.append(id, part).await else { break };
            if part.length > best {
                (failures, since) = (0, Instant::now());
            }
            failures += 1;
            best = best.max(part.length);
            let patient = failures < self.retries().tries || since.elapsed() < self.retries().outage;
            if !error.may_pass() || !patient {
                part.flush().await?;
                return Err(error);
            }
            if failures >= self.retries().tries {
                self.notify(&with_causes(&error), self.doubled(failures));
            }
            self.wait(failures, None).await;
        }
        part.flush().await
    }

    async fn append(&self, id: ExportId, part: &mut PartialFile<'_>) -> Result<(), Error> {
        let link = self.link(&["exports", &id.to_string(), "files", &part.expected.name]).await?;
        let response = match self.object(link, part.length).await {
            Err(error @ Error::Object { status: 416 }) => {
                part.restart().await?;
                return Err(error);
            }
            other => other?,
        };
        let begins_here = response.headers().get(CONTENT_RANGE).is_some_and(|range| {
            range.to_str().is_ok_and(|text| text.starts_with(&format!("bytes {}-", part.length)))
        });
        if part.length > 0 && !begins_here {
            part.restart().await?;
        }
        let mut body = response.bytes_stream();
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(Error::connection(crate::error::STORAGE))?;
            part.append(&bytes).await?;
            self.pace(bytes.len()).await;
        }
        part.complete()
    }
}

/// File being downloaded.
struct PartialFile<'a> {
    path: PathBuf,
    file: tokio::io::BufWriter<tokio::fs::File>,
    expected: &'a ExpectedFile,
    hash: Sha256,
    length: u64,
    at: &'a (dyn Fn(u64) + Sync),
}

/// Bytes collected before a write, so that many packets need a single call to the file system.
const WRITE_BYTES: usize = 256 * 1024;

impl<'a> PartialFile<'a> {
    async fn open(
        path: PathBuf,
        expected: &'a ExpectedFile,
        at: &'a (dyn Fn(u64) + Sync),
    ) -> Result<Self, Error> {
        let (hash, length) = match hashed(&path).await? {
            Some((hash, length)) if length <= expected.bytes => (hash, length),
            _ => (Sha256::new(), 0),
        };
        let mut options = tokio::fs::OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).open(&path);
        let mut file = file.await.map_err(Error::io(&path))?;
        file.set_len(length).await.map_err(Error::io(&path))?;
        file.seek(std::io::SeekFrom::End(0)).await.map_err(Error::io(&path))?;
        at(length);
        let file = tokio::io::BufWriter::with_capacity(WRITE_BYTES, file);
        Ok(Self { path, file, expected, hash, length, at })
    }

    async fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.length + bytes.len() as u64 > self.expected.bytes {
            // A longer file must be another one.
            let what = format!("it has more than {} bytes", self.expected.bytes);
            return Err(Error::Mismatch { name: self.expected.name.clone(), what });
        }
        self.file.write_all(bytes).await.map_err(Error::io(&self.path))?;
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
        (self.at)(self.length);
        Ok(())
    }

    async fn restart(&mut self) -> Result<(), Error> {
        self.flush().await?;
        let file = self.file.get_mut();
        file.set_len(0).await.map_err(Error::io(&self.path))?;
        file.rewind().await.map_err(Error::io(&self.path))?;
        self.hash = Sha256::new();
        self.length = 0;
        (self.at)(0);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        self.file.flush().await.map_err(Error::io(&self.path))
    }

    fn complete(&self) -> Result<(), Error> {
        let ExpectedFile { name, bytes, .. } = self.expected;
        if self.length == *bytes {
            return Ok(());
        }
        Err(Error::Short { name: name.clone(), at: self.length, bytes: *bytes })
    }

    async fn check(&mut self) -> Result<(), Error> {
        self.flush().await?;
        let found = hex(&self.hash.clone().finalize());
        if found == self.expected.sha256 {
            return Ok(());
        }
        let what = format!("its SHA-256 is {found}, not {}", self.expected.sha256);
        Err(Error::Mismatch { name: self.expected.name.clone(), what })
    }
}

#[cfg(test)]
mod tests;
