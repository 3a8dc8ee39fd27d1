//! Compression: encoded blocks → stored bytes.
//!
//! gzip compresses each block separately, so that several threads can share a file: all gzip readers accept several
//! members in sequence. Many zstd readers stop after the first frame, so a zstd file has one frame and is compressed
//! as one stream.

mod gzip;
mod zstd;

use export::format::{Compression, Format, Output};

pub use zstd::Stream;

/// Compressor of blocks.
pub trait Compress: Send {
    /// Returns the compressed form of a non-empty block.
    fn block(&mut self, raw: &[u8]) -> Vec<u8>;
}

/// Returns the compressor for blocks; `None` if blocks are not compressed separately.
pub fn compressor(output: &Output) -> Option<Box<dyn Compress>> {
    match (output.format, output.compression) {
        (Format::Csv | Format::Ndjson, Compression::Gzip) => Some(Box::new(gzip::Gzip::new())),
        _ => None,
    }
}

/// Returns the compressor for the whole file; `None` if the file is not compressed as a stream. Parquet compresses
/// its own pages.
///
/// # Errors
/// If memory for it cannot be allocated.
pub fn stream(output: &Output) -> std::io::Result<Option<Stream>> {
    match (output.format, output.compression) {
        (Format::Csv | Format::Ndjson, Compression::Zstd) => Stream::new().map(Some),
        _ => Ok(None),
    }
}
