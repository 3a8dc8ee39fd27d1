//! The number of rows in the metadata of a Parquet file.
//!
//! Source: parquet.thrift of apache/parquet-format. A file ends with its metadata, the metadata's length and `PAR1`;
//! the metadata is a struct in Thrift's compact protocol whose field 3 is the number of rows. The bytes themselves
//! are proven by their SHA-256.

use std::io::{BufRead, Error, ErrorKind, Result};

const MAGIC: &[u8; 4] = b"PAR1";

/// Maximum size of the metadata. No file of Sluice has that much.
const MAX_METADATA_BYTES: usize = 64 << 20;

/// Maximum nesting of structs and lists.
const DEEPEST: u32 = 32;

/// Counts the rows. Reads the file to its end.
pub(super) fn count(raw: &mut impl BufRead) -> Result<u64> {
    let tail = tail(raw)?;
    let (rest, magic) = tail.split_last_chunk::<4>().ok_or_else(broken)?;
    let (rest, length) = rest.split_last_chunk::<4>().ok_or_else(broken)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| broken())?;
    let begin = rest.len().checked_sub(length).filter(|_| magic == MAGIC).ok_or_else(broken)?;
    Compact(&rest[begin..]).rows()
}

/// Returns at least the metadata of a file that is read once, from its beginning.
fn tail(raw: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut kept: Vec<u8> = Vec::new();
    loop {
        let buffer = raw.fill_buf()?;
        let length = buffer.len();
        if length == 0 {
            return Ok(kept);
        }
        kept.extend_from_slice(buffer);
        raw.consume(length);
        if kept.len() > 2 * MAX_METADATA_BYTES {
            kept.drain(..kept.len() - MAX_METADATA_BYTES);
        }
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::InvalidData, "it is not a complete Parquet file")
}

/// Parser of Thrift's compact protocol.
struct Compact<'a>(&'a [u8]);

impl Compact<'_> {
    fn rows(mut self) -> Result<u64> {
        let mut id = 0;
        loop {
            let (kind, field) = self.field(id)?;
            if kind == 0 {
                return Err(broken());
            }
            if field == 3 && kind == 6 {
                return u64::try_from(self.zigzag()?).map_err(|_| broken());
            }
            self.skip(kind, DEEPEST)?;
            id = field;
        }
    }

    /// Returns kind and number of the next field; kind 0 ends the struct.
    fn field(&mut self, last: i64) -> Result<(u8, i64)> {
        let byte = self.byte()?;
        let (delta, kind) = (i64::from(byte >> 4), byte & 15);
        match (kind, delta) {
            (0, _) => Ok((0, 0)),
            (_, 0) => Ok((kind, self.zigzag()?)),
            _ => Ok((kind, last.saturating_add(delta))),
        }
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(broken)?;
        match kind {
            // The value of a boolean field is part of its kind.
            1 | 2 => Ok(()),
            3 => self.bytes(1),
            4..=6 => self.varint().map(drop),
            7 => self.bytes(8),
            8 => {
                let length = self.varint()?;
                self.bytes(length)
            }
            9 | 10 => {
                let byte = self.byte()?;
                let size = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                let kind = element(byte & 15);
                self.room_for(size)?;
                (0..size).try_for_each(|_| self.skip(kind, depth))
            }
            11 => {
                let size = self.varint()?;
                let kinds = if size > 0 { self.byte()? } else { 0 };
                let (key, value) = (element(kinds >> 4), element(kinds & 15));
                self.room_for(size.saturating_mul(2))?;
                (0..size).try_for_each(|_| self.skip(key, depth).and_then(|()| self.skip(value, depth)))
            }
            12 => loop {
                let (kind, _) = self.field(0)?;
                if kind == 0 {
                    return Ok(());
                }
                self.skip(kind, depth)?;
            },
            _ => Err(broken()),
        }
    }

    /// Checks that this many elements can be present: each takes at least one byte, so the work is bounded by the
    /// number of bytes.
    fn room_for(&self, elements: u64) -> Result<()> {
        if usize::try_from(elements).is_ok_and(|elements| elements <= self.0.len()) {
            return Ok(());
        }
        Err(broken())
    }

    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.0.split_first().ok_or_else(broken)?;
        self.0 = rest;
        Ok(*byte)
    }

    fn bytes(&mut self, count: u64) -> Result<()> {
        let count = usize::try_from(count).map_err(|_| broken())?;
        self.0 = self.0.get(count..).ok_or_else(broken)?;
        Ok(())
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(broken())
    }

    fn zigzag(&mut self) -> Result<i64> {
        let n = self.varint()?;
        Ok((n >> 1) as i64 ^ -((n & 1) as i64))
    }
}

/// Returns the kind of a collection's elements: booleans take a byte each there, while those of fields are part of
/// the kind.
fn element(kind: u8) -> u8 {
    if matches!(kind, 1 | 2) { 3 } else { kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with version 2, a schema of one struct with a name and a list of booleans, and 300 rows.
    fn file(metadata: &[u8]) -> Vec<u8> {
        let mut file = b"PAR1 pages ".to_vec();
        file.extend(metadata);
        file.extend((metadata.len() as u32).to_le_bytes());
        file.extend(MAGIC);
        file
    }

    const METADATA: &[u8] = &[
        0x15, 0x04, // 1: i32 2
        0x19, 0x1c, // 2: a list of one struct
        0x48, 0x02, b'i', b'd', 0x19, 0x21, 1, 2, 0x00, // name, booleans, end
        0x16, 0xd8, 0x04, // 3: i64 300
        0x00,
    ];

    #[test]
    fn row_count_is_read_from_the_footer() {
        assert_eq!(count(&mut file(METADATA).as_slice()).unwrap(), 300);
    }

    #[test]
    fn truncated_parquet_is_refused() {
        let whole = file(METADATA);
        for cut in 0..whole.len() {
            assert!(count(&mut &whole[..cut]).is_err());
        }
        for cut in 0..METADATA.len() - 2 {
            assert!(count(&mut file(&METADATA[..cut]).as_slice()).is_err());
        }
        assert!(count(&mut file(&[0x1c; 100]).as_slice()).is_err(), "nested without end");
    }

    #[test]
    fn huge_declared_sizes_are_refused() {
        // A map, a list and a set of 2^62 booleans each, none of which is present.
        let size = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3f];
        for (head, kinds) in [(&[0x1b][..], &[0x11][..]), (&[0x19, 0xf1], &[]), (&[0x1a, 0xf2], &[])] {
            let metadata = [head, &size, kinds, &[1; 8]].concat();
            assert!(count(&mut file(&metadata).as_slice()).is_err());
        }
        // Booleans in a map are a byte each; field 3 follows.
        let metadata = [0x1b, 0x02, 0x12, 1, 2, 1, 2, 0x26, 0xd8, 0x04, 0x00];
        assert_eq!(count(&mut file(&metadata).as_slice()).unwrap(), 300);
    }
}
