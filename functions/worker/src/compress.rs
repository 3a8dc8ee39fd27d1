//! Encoded blocks → stored bytes. Each block is compressed alone, so that several threads may share a
//! file; the results stand one after the other, which the formats allow.

mod gzip;

use export::format::Compression;

/// Compresses blocks.
pub trait Compress: Send {
    /// The compressed form of a block that is not empty.
    fn block(&mut self, raw: &[u8]) -> Vec<u8>;
}

/// The compressor, or `None` where blocks stay as they are.
pub fn compressor(compression: Compression) -> Option<Box<dyn Compress>> {
    match compression {
        Compression::None => None,
        Compression::Gzip => Some(Box::new(gzip::Gzip::new())),
    }
}
