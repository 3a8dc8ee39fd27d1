//! Finds where rows end and cuts the stream into blocks of whole rows.
//!
//! Cuts depend on the rows only, never on how the network delivered them: the same rows give the same
//! blocks, and so the same file.

mod pending;

use bytes::Bytes;
use ports::source::BATCH_BYTES;

use super::DecodeError;
use pending::Pending;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";

/// Signature, flags, length of the extension.
const HEADER_BYTES: usize = 19;

/// Sizes that bound memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A block ends with the row that reaches this size (the first one's counts the header, as a batch of
    /// the source does), and before a row that has it alone.
    pub block_bytes: usize,
    /// No value may be larger.
    pub value_bytes: usize,
    /// No row may be larger.
    pub row_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // A batch of the source is a block, without a copy. Its 256 KiB give gzip members that lose half a
        // percent against larger ones, and fit in cache.
        Self { block_bytes: BATCH_BYTES, value_bytes: 64 << 20, row_bytes: 128 << 20 }
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

/// How much of a row is there.
enum Found {
    /// All of it, so many bytes.
    Row(usize),
    /// More bytes are needed.
    Part,
    /// There are no more rows.
    Trailer,
}

/// Takes bytes as they arrive and gives blocks.
#[derive(Debug)]
pub struct Framing {
    columns: Vec<String>,
    limits: Limits,
    state: State,
    pending: Pending,
    /// Bytes of the header, while the first block is filled.
    header_bytes: usize,
    /// A block that was complete before the last piece came.
    ready: Option<Block>,
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
        Self {
            columns,
            limits,
            state: State::Header,
            pending: Pending::default(),
            header_bytes: 0,
            ready: None,
            at: 0,
            rows: 0,
            before: 0,
        }
    }

    /// Takes the next bytes. Afterwards [`Framing::block`] is asked until it has none.
    pub fn push(&mut self, piece: Bytes) -> Result<(), DecodeError> {
        if piece.is_empty() {
            return Ok(());
        }
        if self.state == State::Ended {
            return Err(DecodeError::AfterEnd);
        }
        if self.rows > 0 && self.at == self.pending.len() && self.is_large_row(&piece)? {
            self.ready = self.cut();
        }
        let block_bytes = self.limits.block_bytes;
        self.pending.push(piece, block_bytes + block_bytes / 2);
        Ok(())
    }

    /// Whether the bytes begin with a whole row that is a block alone: it need not be copied then.
    fn is_large_row(&self, bytes: &[u8]) -> Result<bool, DecodeError> {
        if bytes.len() < self.limits.block_bytes {
            return Ok(false);
        }
        Ok(matches!(self.row_of(bytes)?, Found::Row(length) if length >= self.limits.block_bytes))
    }

    /// The next block, if one is complete.
    pub fn block(&mut self) -> Result<Option<Block>, DecodeError> {
        if let Some(block) = self.ready.take() {
            return Ok(Some(block));
        }
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
            return Err(self.malformed("a negative length of the header's extension"));
        }
        self.pending.advance(HEADER_BYTES);
        self.header_bytes = HEADER_BYTES + extension as usize;
        self.state = State::Extension(extension as usize);
        Ok(())
    }

    /// What the bytes, which begin with a row, hold of it.
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
                return Err(self.malformed("a negative length of a value"));
            }
        }
        Ok(Found::Row(bytes.len() - rest.len()))
    }

    /// The trailer belongs to no block, and nothing may follow it.
    fn trailer(&mut self) -> Result<(), DecodeError> {
        self.state = State::Ended;
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
