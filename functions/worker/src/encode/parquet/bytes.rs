//! Columns of strings and bytes, of any length or of a fixed one.

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryArray, FixedSizeBinaryArray, StringArray};
use arrow_buffer::{Buffer, NullBufferBuilder, OffsetBuffer, ScalarBuffer};

use super::build::{Build, Fault, exactly};
use crate::encode::ValueProblem;
use crate::encode::column::Write;

/// Maximum capacity in bytes that a column keeps for its next batch.
const KEPT_BYTES: usize = 1 << 20;

/// Buffer of values in sequence.
struct Run {
    bytes: Vec<u8>,
    /// Offsets at which values begin, and the end of the last one.
    offsets: Vec<i32>,
    nulls: NullBufferBuilder,
}

impl Run {
    fn new() -> Self {
        Self { bytes: Vec::new(), offsets: vec![0], nulls: NullBufferBuilder::new(0) }
    }

    /// Ends the value that was appended to `bytes`.
    fn end(&mut self) -> Result<(), ValueProblem> {
        // A batch has a few MB of rows, or one row that is larger.
        let end = i32::try_from(self.bytes.len());
        self.offsets.push(end.map_err(|_| ValueProblem::Unsupported("a text longer than 2 GiB"))?);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.offsets.push(self.offsets[self.offsets.len() - 1]);
        self.nulls.append_null();
    }

    fn take(&mut self) -> (OffsetBuffer<i32>, Vec<u8>, Option<arrow_buffer::NullBuffer>) {
        let bytes = Vec::with_capacity(self.bytes.len().min(KEPT_BYTES));
        let mut offsets = Vec::with_capacity(self.offsets.len());
        offsets.push(0);
        let bytes = std::mem::replace(&mut self.bytes, bytes);
        let offsets = std::mem::replace(&mut self.offsets, offsets);
        (OffsetBuffer::new(ScalarBuffer::from(offsets)), bytes, self.nulls.finish())
    }
}

/// A column of strings.
pub(super) struct Strings {
    write: Write,
    run: Run,
}

impl Strings {
    /// Creates a column of the texts that `write` produces.
    pub(super) fn new(write: Write) -> Self {
        Self { write, run: Run::new() }
    }
}

impl Build for Strings {
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        (self.write)(value, &mut self.run.bytes)?;
        self.run.end()
    }

    fn null(&mut self) {
        self.run.null();
    }

    fn len(&self) -> usize {
        self.run.offsets.len() - 1
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let (offsets, bytes, nulls) = self.run.take();
        let bytes = Buffer::from_vec(bytes);
        // Validated together, which is much faster than one by one.
        match StringArray::try_new(offsets.clone(), bytes.clone(), nulls) {
            Ok(array) => Ok(Arc::new(array)),
            Err(_) => {
                let bad = |range: &[i32]| {
                    std::str::from_utf8(&bytes[range[0] as usize..range[1] as usize]).is_err()
                };
                let index = offsets.windows(2).position(bad).unwrap_or(0);
                Err(Fault { index, problem: ValueProblem::Unsupported("text that is not UTF-8") })
            }
        }
    }
}

/// A column of bytes.
pub(super) struct Bytes(Run);

impl Bytes {
    pub(super) fn new() -> Self {
        Self(Run::new())
    }
}

impl Build for Bytes {
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        self.0.bytes.extend_from_slice(value);
        self.0.end()
    }

    fn null(&mut self) {
        self.0.null();
    }

    fn len(&self) -> usize {
        self.0.offsets.len() - 1
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let (offsets, bytes, nulls) = self.0.take();
        let array = BinaryArray::try_new(offsets, Buffer::from_vec(bytes), nulls);
        Ok(Arc::new(array.map_err(Fault::inconsistent)?))
    }
}

/// A column of UUIDs.
pub(super) struct Uuids {
    bytes: Vec<u8>,
    nulls: NullBufferBuilder,
}

impl Uuids {
    pub(super) const BYTES: i32 = 16;

    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), nulls: NullBufferBuilder::new(0) }
    }

    fn push(&mut self, value: [u8; Self::BYTES as usize]) {
        self.bytes.extend_from_slice(&value);
    }
}

impl Build for Uuids {
    fn value(&mut self, value: &[u8]) -> Result<(), ValueProblem> {
        self.push(exactly(value)?);
        self.nulls.append_non_null();
        Ok(())
    }

    fn null(&mut self) {
        self.push(<_>::default());
        self.nulls.append_null();
    }

    fn len(&self) -> usize {
        self.bytes.len() / Self::BYTES as usize
    }

    fn finish(&mut self) -> Result<ArrayRef, Fault> {
        let next = Vec::with_capacity(self.bytes.len());
        let bytes = std::mem::replace(&mut self.bytes, next);
        let array = FixedSizeBinaryArray::try_new(Self::BYTES, Buffer::from_vec(bytes), self.nulls.finish());
        Ok(Arc::new(array.map_err(Fault::inconsistent)?))
    }
}
