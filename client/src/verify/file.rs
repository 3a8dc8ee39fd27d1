//! Check of one file against its entry in the manifest, in one pass.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use export::id::hex;
use export::manifest::{DatasetHead, ManifestFile};
use sha2::{Digest, Sha256};

use super::Fault;
use crate::expected::local_path;
use crate::rows;

/// Number of bytes read at a time.
const READ_BYTES: usize = 256 * 1024;

/// Checks presence, length, SHA-256 and rows, and returns the number of rows.
pub(super) fn check(
    directory: &Path,
    file: &ManifestFile,
    head: &DatasetHead,
    rows: u64,
) -> Result<u64, Fault> {
    let fault = |message: String| Fault::new(file.name.clone(), message);
    let path = local_path(directory, &file.name).map_err(|error| fault(error.to_string()))?;
    let opened = File::open(&path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => fault("it is missing".into()),
        _ => fault(format!("it cannot be opened: {error}")),
    })?;
    let length = opened.metadata().map_err(|error| fault(error.to_string()))?.len();
    if length != file.bytes {
        return Err(fault(format!("it has {length} bytes, not {}", file.bytes)));
    }
    let mut raw = BufReader::with_capacity(READ_BYTES, Hashing { inner: opened, hash: Sha256::new() });
    let counted = rows::count(&mut raw, head);
    // The hash covers all bytes, even if decoding stopped early.
    std::io::copy(&mut raw, &mut std::io::sink())
        .map_err(|error| fault(format!("it cannot be read: {error}")))?;
    let found = hex(&raw.into_inner().hash.finalize());
    if found != file.sha256 {
        return Err(fault(format!("its SHA-256 is {found}, not {}", file.sha256)));
    }
    match counted {
        Ok(counted) if counted == rows => Ok(rows),
        Ok(counted) => Err(fault(format!("it has {counted} rows, not {rows}"))),
        Err(error) => Err(fault(format!("it cannot be decoded: {error}"))),
    }
}

struct Hashing<R> {
    inner: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}
