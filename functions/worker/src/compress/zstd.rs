//! Zstandard (RFC 8878): a file is one frame, with a checksum.

use std::io::{self, Write};

use zstd::stream::write::Encoder;

/// zstd's own default: gzip -6's size at half of its time.
const LEVEL: i32 = 3;

/// One frame in the making.
pub struct Stream {
    encoder: Encoder<'static, Vec<u8>>,
}

impl Stream {
    pub(super) fn new() -> io::Result<Self> {
        let mut encoder = Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        Ok(Self { encoder })
    }

    /// Takes the next bytes; answers those of the frame that are ready.
    ///
    /// # Errors
    /// What the library says; it has no reason to.
    pub fn block(&mut self, raw: &[u8]) -> io::Result<&[u8]> {
        self.encoder.get_mut().clear();
        self.encoder.write_all(raw)?;
        Ok(self.encoder.get_ref())
    }

    /// The rest of the frame.
    ///
    /// # Errors
    /// As [`Stream::block`].
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        self.encoder.get_mut().clear();
        self.encoder.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_one_frame() {
        let raw = b"1,abc\n2,def\n".repeat(100_000);
        let compressed = |size: usize| {
            let mut stream = Stream::new().unwrap();
            let mut file = Vec::new();
            for block in raw.chunks(size) {
                file.extend_from_slice(stream.block(block).unwrap());
            }
            file.extend(stream.finish().unwrap());
            file
        };
        let file = compressed(100_000);
        assert!(file.len() < raw.len() / 10);
        assert_eq!(file, compressed(100_000), "nothing but the rows decides its bytes");
        let frame = zstd::zstd_safe::find_frame_compressed_size(&file).unwrap();
        assert_eq!(frame, file.len());
        assert!(zstd::decode_all(file.as_slice()).unwrap() == raw);
    }
}
