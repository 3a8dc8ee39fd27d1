//! Encoded blocks → stored bytes.
//!
//! gzip compresses each block alone, so that several threads share a file: all its readers take several
//! members one after the other. Many readers of zstd stop after the first frame, so a file has one frame
//! and is compressed as one stream.

mod gzip;
mod zstd;

use export::format::{Compression, Format, Output};

pub use zstd::Stream;

/// Compresses blocks.
pub trait Compress: Send {
    /// The compressed form of a block that is not empty.
    fn block(&mut self, raw: &[u8]) -> Vec<u8>;
}

/// The compressor of blocks, or `None` where they stay as they are.
pub fn compressor(output: &Output) -> Option<Box<dyn Compress>> {
    match (output.format, output.compression) {
        (Format::Csv | Format::Ndjson, Compression::Gzip) => Some(Box::new(gzip::Gzip::new())),
        _ => None,
    }
}

/// The compressor of the whole file, or `None` where it stays as it is. Parquet compresses its own pages.
///
/// # Errors
/// If there is no memory for it.
pub fn stream(output: &Output) -> std::io::Result<Option<Stream>> {
    match (output.format, output.compression) {
        (Format::Csv | Format::Ndjson, Compression::Zstd) => Stream::new().map(Some),
        _ => Ok(None),
    }
}
