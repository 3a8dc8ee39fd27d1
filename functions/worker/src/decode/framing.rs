//! Finds where rows end and cuts the stream into blocks of whole rows.
//!
//! Cuts depend on the rows only, never on how the network delivered them: the same rows give the same
//! blocks, and so the same file.

use bytes::{Buf, Bytes, BytesMut};

use super::DecodeError;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Signature, flags, length of the extension.
const HEADER_BYTES: usize = 19;

/// Sizes that bound memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A block ends with the row that reaches this size.
    pub block_bytes: usize,
    /// No value may be larger.
    pub value_bytes: usize,
    /// No row may be larger.
    pub row_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // 256 KiB give gzip members that lose half a percent against larger ones, and fit in cache.
        Self { block_bytes: 256 << 10, value_bytes: 64 << 20, row_bytes: 128 << 20 }
    }
}

/// Some whole rows.
#[derive(Clone, Debug)]
pub struct Block {
    /// The rows as they came.
    pub bytes: Bytes,
    /// How many they are; at least one.
    pub rows: u64,
    /// Rows before this block.
    pub before: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Header,
    /// So many bytes of the header's extension are left.
    Extension(usize),
    Rows,
    Ended,
}

/// Takes bytes as they arrive and gives blocks.
#[derive(Debug)]
pub struct Framing {
    columns: Vec<String>,
    limits: Limits,
    state: State,
    pending: BytesMut,
    /// Where in `pending` the first row begins that is not known to be whole.
    at: usize,
    /// Whole rows in `pending`.
    rows: u64,
    /// Rows in earlier blocks.
    before: u64,
}

impl Framing {
    /// A stream of rows with these columns.
    pub fn new(columns: Vec<String>, limits: Limits) -> Self {
        Self { columns, limits, state: State::Header, pending: BytesMut::new(), at: 0, rows: 0, before: 0 }
    }

    /// Takes the next bytes. Afterwards [`Framing::block`] is asked until it has none.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        if self.state == State::Ended && !bytes.is_empty() {
            return Err(DecodeError::AfterEnd);
        }
        if self.pending.capacity() - self.pending.len() < bytes.len() {
            // One allocation per block, where blocks are filled by batches of their own size.
            self.pending.reserve(bytes.len().max(self.limits.block_bytes + self.limits.block_bytes / 2));
        }
        self.pending.extend_from_slice(bytes);
        Ok(())
    }

    /// The next block, if one is complete.
    pub fn block(&mut self) -> Result<Option<Block>, DecodeError> {
        loop {
            match self.state {
                State::Header => {
                    if self.pending.len() < HEADER_BYTES {
                        return Ok(None);
                    }
                    self.header()?;
                }
                State::Extension(left) => {
                    let skipped = left.min(self.pending.len());
                    self.pending.advance(skipped);
                    if skipped < left {
                        self.state = State::Extension(left - skipped);
                        return Ok(None);
                    }
                    self.state = State::Rows;
                }
                State::Rows => {
                    let Some(end) = self.row_end()? else { return Ok(None) };
                    if self.state == State::Ended {
                        continue;
                    }
                    self.at = end;
                    self.rows += 1;
                    if self.at >= self.limits.block_bytes {
                        return Ok(self.cut());
                    }
                }
                State::Ended => {
                    return if self.pending.len() > self.at { Err(DecodeError::AfterEnd) } else { Ok(None) };
                }
            }
        }
    }

    /// The stream has ended and [`Framing::block`] has no more: gives the last block, and proves that it
    /// is the last. The second value is the number of all rows.
    pub fn finish(mut self) -> Result<(Option<Block>, u64), DecodeError> {
        if self.state != State::Ended {
            return Err(DecodeError::NoTrailer(self.before + self.rows));
        }
        let block = if self.rows > 0 { self.cut() } else { None };
        Ok((block, self.before))
    }

    fn header(&mut self) -> Result<(), DecodeError> {
        if !self.pending.starts_with(SIGNATURE) {
            return Err(DecodeError::Signature);
        }
        self.pending.advance(SIGNATURE.len());
        let (flags, extension) = (self.pending.get_u32(), self.pending.get_u32());
        // The upper half is critical; bit 16 once meant OIDs in every row.
        if flags >> 16 != 0 {
            return Err(DecodeError::Flags(flags));
        }
        if extension > i32::MAX as u32 {
            return Err(self.malformed("a negative length of the header's extension"));
        }
        self.state = State::Extension(extension as usize);
        Ok(())
    }

    /// Where the row that begins at `self.at` ends; `None` if more bytes are needed.
    fn row_end(&mut self) -> Result<Option<usize>, DecodeError> {
        let bytes = &self.pending[self.at..];
        let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(None) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            self.state = State::Ended;
            // The trailer belongs to no block.
            let trailer = self.pending.split_off(self.at);
            if trailer.len() > 2 {
                return Err(DecodeError::AfterEnd);
            }
            return Ok(Some(self.at));
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            return Err(DecodeError::FieldCount {
                row: self.row(),
                found: count,
                expected: self.columns.len(),
            });
        }
        for column in &self.columns {
            let Some((length, value)) = rest.split_first_chunk::<4>() else { return Ok(None) };
            let length = i32::from_be_bytes(*length);
            rest = value;
            if length >= 0 {
                let length = length as usize;
                if length > self.limits.value_bytes {
                    let (row, limit) = (self.row(), self.limits.value_bytes);
                    let column = column.clone();
                    return Err(DecodeError::ValueTooLarge { row, column, bytes: length, limit });
                }
                if bytes.len() - rest.len() + length > self.limits.row_bytes {
                    return Err(DecodeError::RowTooLarge { row: self.row(), limit: self.limits.row_bytes });
                }
                let Some(after) = rest.get(length..) else { return Ok(None) };
                rest = after;
            } else if length != -1 {
                return Err(self.malformed("a negative length of a value"));
            }
        }
        Ok(Some(self.pending.len() - rest.len()))
    }

    fn cut(&mut self) -> Option<Block> {
        let block =
            Block { bytes: self.pending.split_to(self.at).freeze(), rows: self.rows, before: self.before };
        self.before += self.rows;
        (self.at, self.rows) = (0, 0);
        Some(block)
    }

    /// The row being read, counted from 1.
    fn row(&self) -> u64 {
        self.before + self.rows + 1
    }

    fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { row: self.row(), what }
    }
}

#[cfg(test)]
mod tests;
