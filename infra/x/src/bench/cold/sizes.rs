//! Size of a function on disk and as uploaded.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;

/// Overhead of a zip with one file besides the compressed bytes: header, directory, end.
const ZIP_BYTES: u64 = 130;

/// Bytes of one binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sizes {
    pub(super) binary_bytes: u64,
    /// Bytes of the uploaded zip at the highest compression level.
    pub(super) zip_bytes: u64,
}

impl Sizes {
    pub(super) fn of(program: &Path) -> Result<Self> {
        let binary = fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
        let mut zip = DeflateEncoder::new(Count(0), Compression::best());
        zip.write_all(&binary)?;
        Ok(Self { binary_bytes: binary.len() as u64, zip_bytes: zip.finish()?.0 + ZIP_BYTES })
    }
}

/// Writer that only counts bytes.
struct Count(u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zip_of_repetitive_data_is_small() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bootstrap");
        fs::write(&file, vec![7; 100_000]).unwrap();
        let sizes = Sizes::of(&file).unwrap();
        assert_eq!(sizes.binary_bytes, 100_000);
        assert!((ZIP_BYTES..1000).contains(&sizes.zip_bytes), "{sizes:?}");
        assert!(Sizes::of(&folder.path().join("none")).is_err());
    }
}
