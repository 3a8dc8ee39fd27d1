//! Zstandard (RFC 8878): a file is one frame, with a checksum.
//!
//! Rows of a table repeat content of the rows shortly before them. A small window and single matches then give files
//! of level 3's size in two thirds of its time. Documents that repeat one another at a larger distance need level 3.
//! The setting is chosen by a trial on the head of the file, so the same rows give the same bytes.

use std::io::{self, Write};

use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

/// Size of the head in bytes that is compressed with both settings: twice the window of level 3.
const TRIAL_BYTES: usize = 4 << 20;

/// Settings to choose from, the cheaper one first.
const WAYS: [Way; 2] = [
    // Level 2's search in a window of 512 KiB.
    Way { level: 2, more: &[CParameter::WindowLog(19), CParameter::HashLog(16)] },
    // Default of zstd.
    Way { level: 3, more: &[] },
];

/// Inverse of the excess size at which the cheaper setting is still preferred: one part in a hundred.
const MARGIN: usize = 100;

struct Way {
    level: i32,
    more: &'static [CParameter],
}

/// Frame being written.
pub struct Stream {
    /// One encoder per setting during the trial, then only the better one.
    frames: Vec<Encoder<'static, Vec<u8>>>,
    /// Bytes of the head compressed so far.
    tried: usize,
}

impl Stream {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { frames: WAYS.iter().map(begin).collect::<io::Result<_>>()?, tried: 0 })
    }

    /// Compresses the next bytes. Returns the bytes of the frame that are ready.
    ///
    /// # Errors
    /// If the library fails, which is not expected.
    pub fn block(&mut self, raw: &[u8]) -> io::Result<&[u8]> {
        let (head, rest) = raw.split_at(raw.len().min(TRIAL_BYTES - self.tried));
        if self.tried == TRIAL_BYTES {
            // The previous output was already returned.
            self.frames[0].get_mut().clear();
        } else {
            for frame in &mut self.frames {
                frame.write_all(head)?;
            }
            self.tried += head.len();
            if self.tried < TRIAL_BYTES {
                return Ok(&[]);
            }
            for frame in &mut self.frames {
                // Data still buffered in the library would distort the comparison.
                frame.flush()?;
            }
            let best = best(self.frames.iter().map(|frame| frame.get_ref().len()));
            self.frames = vec![self.frames.swap_remove(best)];
        }
        self.frames[0].write_all(rest)?;
        Ok(self.frames[0].get_ref())
    }

    /// Returns the rest of the frame.
    ///
    /// # Errors
    /// As [`Stream::block`].
    pub fn finish(mut self) -> io::Result<Vec<u8>> {
        if self.tried == TRIAL_BYTES {
            self.frames[0].get_mut().clear();
        }
        let mut frames = self.frames.into_iter().map(Encoder::finish).collect::<io::Result<Vec<_>>>()?;
        let best = best(frames.iter().map(Vec::len));
        Ok(frames.swap_remove(best))
    }
}

/// Returns the first setting whose size is within the margin of the smallest.
fn best(mut sizes: impl Iterator<Item = usize> + Clone) -> usize {
    let smallest = sizes.clone().min().unwrap_or(0);
    sizes.position(|size| size <= smallest + smallest / MARGIN).unwrap_or(0)
}

fn begin(way: &Way) -> io::Result<Encoder<'static, Vec<u8>>> {
    let mut encoder = Encoder::new(Vec::new(), way.level)?;
    encoder.include_checksum(true)?;
    for parameter in way.more {
        encoder.set_parameter(*parameter)?;
    }
    Ok(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compressed(raw: &[u8], block_bytes: usize) -> Vec<u8> {
        let mut stream = Stream::new().unwrap();
        let mut file = Vec::new();
        for block in raw.chunks(block_bytes) {
            file.extend_from_slice(stream.block(block).unwrap());
        }
        file.extend(stream.finish().unwrap());
        file
    }

    #[test]
    fn file_is_one_deterministic_zstd_frame() {
        for rows in [1, 1_000, 500_000] {
            let raw = b"1,abc\n2,def\n".repeat(rows);
            let file = compressed(&raw, 100_000);
            assert_eq!(file, compressed(&raw, 100_000), "nothing but the rows decides its bytes");
            let frame = zstd::zstd_safe::find_frame_compressed_size(&file).unwrap();
            assert_eq!(frame, file.len());
            assert!(zstd::decode_all(file.as_slice()).unwrap() == raw);
        }
    }

    /// Generates random bytes, which do not compress unless they repeat.
    fn noise(bytes: usize) -> Vec<u8> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        };
        (0..bytes / 8).flat_map(|_| next()).collect()
    }

    #[test]
    fn distant_repetitions_are_compressed() {
        // The distance is larger than the small window and within the large one.
        let raw = noise(1 << 20).repeat(8);
        assert!(compressed(&raw, 1 << 18).len() < raw.len() / 4);
    }

    #[test]
    fn rows_compress_nearly_as_well_as_level_3() {
        let rows: String = (0..200_000u64)
            .map(|n| format!("{n},{:x},2024-01-{:02},some {} words\n", n * 0x9e37_79b9, n % 28 + 1, n % 97))
            .collect();
        let mut level_3 = Encoder::new(Vec::new(), 3).unwrap();
        level_3.write_all(rows.as_bytes()).unwrap();
        let level_3 = level_3.finish().unwrap().len();
        assert!(compressed(rows.as_bytes(), 1 << 18).len() <= level_3 + level_3 / 50);
    }
}
