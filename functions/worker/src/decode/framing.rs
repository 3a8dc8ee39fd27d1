//! Detection of row boundaries; cuts the stream into blocks of whole rows.
//!
//! Cuts depend on the rows only, never on how the network delivered them, so the same rows give the same blocks and
//! thus the same file.

mod pending;

use bytes::Bytes;
use source::BATCH_BYTES;

use super::DecodeError;
use pending::Pending;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Size of signature, flags and length of the extension.
const HEADER_BYTES: usize = 19;

/// Size limits that bound memory.
#[derive(Clone, Copy, Debug)]
pub struct FramingLimits {
    /// Size at which a block ends, with the row that reaches it. The first block counts the header, as a batch of the
    /// source does. A row of this size is a block alone.
    pub block_bytes: usize,
    /// Maximum size of a value.
    pub value_bytes: usize,
    /// Maximum size of a row.
    pub row_bytes: usize,
}

impl Default for FramingLimits {
    fn default() -> Self {
        // A batch of the source becomes a block without a copy. Blocks of 256 KiB give gzip members that are half a
        // percent larger in total than bigger members would be, and fit in cache.
        Self { block_bytes: BATCH_BYTES, value_bytes: 64 << 20, row_bytes: 128 << 20 }
    }
}

/// Whole rows of a stream.
#[derive(Clone, Debug)]
pub struct Block {
    /// Bytes of the rows, unchanged.
    pub bytes: Bytes,
    /// Number of rows, at least one.
    pub rows: u64,
    /// Rows before this block.
    pub before: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    Header,
    /// Number of bytes left of the header's extension.
    Extension(usize),
    Rows,
    Ended,
}

/// Part of a row found in the buffer.
enum Found {
    /// A whole row of this many bytes.
    Row(usize),
    /// A part of a row: more bytes are needed.
    Part,
    /// The trailer: there are no more rows.
    Trailer,
}

/// Converts bytes as they arrive into blocks.
#[derive(Debug)]
pub struct Framing {
    columns: Vec<String>,
    limits: FramingLimits,
    phase: Phase,
    pending: Pending,
    /// Size of the header, until the first block is full.
    header_bytes: usize,
    /// A block that was complete before the last bytes arrived.
    ready: Option<Block>,
    /// Offset in `pending` of the first row not known to be whole.
    at: usize,
    /// Number of whole rows in `pending`.
    rows: u64,
    /// Number of rows in earlier blocks.
    before: u64,
}

impl Framing {
    /// Creates the framing of a stream with these columns.
    pub fn new(columns: Vec<String>, limits: FramingLimits) -> Self {
        Self {
            columns,
            limits,
            phase: Phase::Header,
            pending: Pending::default(),
            header_bytes: 0,
            ready: None,
            at: 0,
            rows: 0,
            before: 0,
        }
    }

    /// Adds the next bytes. The caller must then call [`Framing::block`] until it returns none.
    pub fn push(&mut self, piece: Bytes) -> Result<(), DecodeError> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.phase == Phase::Ended {
            return Err(DecodeError::AfterEnd);
        }
        if self.rows > 0 && self.at == self.pending.len() && self.is_large_row(&piece)? {
            self.ready = self.cut();
        }
        let block_bytes = self.limits.block_bytes;
        self.pending.push(piece, block_bytes + block_bytes / 2);
        Ok(())
    }

    /// Returns true if the bytes begin with a whole row that is a block alone, which need not be copied then.
    fn is_large_row(&self, bytes: &[u8]) -> Result<bool, DecodeError> {
        if bytes.len() < self.limits.block_bytes {
            return Ok(false);
        }
        Ok(matches!(self.row_of(bytes)?, Found::Row(length) if length >= self.limits.block_bytes))
    }

    /// Returns the next block, if one is complete.
    pub fn block(&mut self) -> Result<Option<Block>, DecodeError> {
        if let Some(block) = self.ready.take() {
            return Ok(Some(block));
        }
        loop {
            match self.phase {
                Phase::Header => {
                    if self.pending.len() < HEADER_BYTES {
                        return Ok(None);
                    }
                    self.header()?;
                }
                Phase::Extension(left) => {
                    let skipped = left.min(self.pending.len());
                    self.pending.advance(skipped);
                    if skipped < left {
                        self.phase = Phase::Extension(left - skipped);
                        return Ok(None);
                    }
                    self.phase = Phase::Rows;
                }
                Phase::Rows => {
                    let length = match self.row_of(&self.pending.bytes()[self.at..])? {
                        Found::Row(length) => length,
                        Found::Part => return Ok(None),
                        Found::Trailer => {
                            self.trailer()?;
                            continue;
                        }
                    };
                    if self.rows > 0 && length >= self.limits.block_bytes {
                        return Ok(self.cut());
                    }
                    self.at += length;
                    self.rows += 1;
                    if self.at + self.header_bytes >= self.limits.block_bytes {
                        return Ok(self.cut());
                    }
                }
                Phase::Ended => {
                    return if self.pending.len() > self.at { Err(DecodeError::AfterEnd) } else { Ok(None) };
                }
            }
        }
    }

    /// Ends the stream once [`Framing::block`] returns no more: returns the last block and verifies that it is the
    /// last. The second value is the total number of rows.
    pub fn finish(mut self) -> Result<(Option<Block>, u64), DecodeError> {
        if self.phase != Phase::Ended {
            return Err(DecodeError::NoTrailer(self.before + self.rows));
        }
        let block = if self.rows > 0 { self.cut() } else { None };
        Ok((block, self.before))
    }

    fn header(&mut self) -> Result<(), DecodeError> {
        let header = self.pending.bytes();
        if !header.starts_with(SIGNATURE) {
            return Err(DecodeError::Signature);
        }
        let number = |at: usize| header[at..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        let (flags, extension) = (number(SIGNATURE.len()), number(SIGNATURE.len() + 4));
        // The upper half is critical; bit 16 once meant OIDs in every row.
        if flags >> 16 != 0 {
            return Err(DecodeError::Flags(flags));
        }
        if extension > i32::MAX as u32 {
            return Err(self.malformed("negative length of the header extension"));
        }
        self.pending.advance(HEADER_BYTES);
        self.header_bytes = HEADER_BYTES + extension as usize;
        self.phase = Phase::Extension(extension as usize);
        Ok(())
    }

    /// Determines how much of a row the bytes contain, which begin with a row.
    fn row_of(&self, bytes: &[u8]) -> Result<Found, DecodeError> {
        let Some((count, mut rest)) = bytes.split_first_chunk::<2>() else { return Ok(Found::Part) };
        let count = i16::from_be_bytes(*count);
        if count == -1 {
            return Ok(Found::Trailer);
        }
        if usize::try_from(count) != Ok(self.columns.len()) {
            let (row, expected) = (self.row(), self.columns.len());
            return Err(DecodeError::FieldCount { row, found: count, expected });
        }
        for column in &self.columns {
            let Some((length, value)) = rest.split_first_chunk::<4>() else { return Ok(Found::Part) };
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
                let Some(after) = rest.get(length..) else { return Ok(Found::Part) };
                rest = after;
            } else if length != -1 {
                return Err(self.malformed("negative length of a value"));
            }
        }
        Ok(Found::Row(bytes.len() - rest.len()))
    }

    /// Checks the trailer. It belongs to no block, and nothing may follow it.
    fn trailer(&mut self) -> Result<(), DecodeError> {
        self.phase = Phase::Ended;
        if self.pending.len() > self.at + 2 {
            return Err(DecodeError::AfterEnd);
        }
        self.pending.truncate(self.at);
        Ok(())
    }

    fn cut(&mut self) -> Option<Block> {
        let block = Block { bytes: self.pending.split_to(self.at), rows: self.rows, before: self.before };
        self.before += self.rows;
        (self.at, self.rows, self.header_bytes) = (0, 0, 0);
        Some(block)
    }

    /// Returns the number of the row being read, counted from 1.
    fn row(&self) -> u64 {
        self.before + self.rows + 1
    }

    fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed { row: self.row(), what }
    }
}

#[cfg(test)]
mod tests;
