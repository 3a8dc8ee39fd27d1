//! gzip (RFC 1952): one member per block.

use libdeflater::{CompressionLvl, Compressor};

use super::Compress;

/// Default level of gzip. Output of the gzip program is not smaller than that of this level.
const LEVEL: i32 = 6;

pub(super) struct Gzip(Compressor);

impl Gzip {
    pub(super) fn new() -> Self {
        Self(Compressor::new(CompressionLvl::new(LEVEL).unwrap_or_default()))
    }
}

impl Compress for Gzip {
    fn block(&mut self, raw: &[u8]) -> Vec<u8> {
        let mut out = vec![0; self.0.gzip_compress_bound(raw.len())];
        // The only possible error is a buffer smaller than the bound.
        let written = self.0.gzip_compress(raw, &mut out).unwrap_or_else(|e| unreachable!("{e:?}"));
        out.truncate(written);
        out
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::Decompressor;

    use super::*;

    #[test]
    fn each_block_is_a_complete_gzip_member() {
        let raw = b"1,abc\n2,def\n".repeat(1_000);
        let member = Gzip::new().block(&raw);
        assert!(member.len() < raw.len() / 10);
        assert_eq!(member, Gzip::new().block(&raw), "no time stamp, no name");
        let mut back = vec![0; raw.len()];
        assert_eq!(Decompressor::new().gzip_decompress(&member, &mut back), Ok(raw.len()));
        assert_eq!(back, raw);
    }
}
