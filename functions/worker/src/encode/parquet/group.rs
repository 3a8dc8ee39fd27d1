//! One row group at work.

use std::io::Write;

use arrow_array::ArrayRef;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, compute_leaves};
use parquet::errors::Result;
use parquet::file::writer::SerializedFileWriter;

use super::layout::Coding;
use super::properties::Form;

/// Bytes of COPY after which a row group ends: what its pages were made of, so that is what memory is for.
const SOURCE_BYTES: usize = 24 << 20;

/// Bytes of pages after which it ends. Rows that cannot be compressed reach this first; several finished
/// row groups may wait for the upload.
const PAGES_BYTES: usize = 12 << 20;

/// Rows after which it ends.
const ROWS: u64 = 1 << 20;

/// The column writers and what went into them.
pub(super) struct Group {
    writers: Vec<ArrowColumnWriter>,
    rows: u64,
    source_bytes: usize,
}

impl Group {
    /// An empty one.
    pub(super) fn new(form: &Form, codings: &[Coding]) -> Result<Self> {
        Ok(Self { writers: form.writers(codings)?, rows: 0, source_bytes: 0 })
    }

    /// Takes a batch that was `source_bytes` of COPY.
    pub(super) fn write(
        &mut self,
        form: &Form,
        arrays: Vec<ArrayRef>,
        rows: u64,
        source_bytes: usize,
    ) -> Result<()> {
        for ((field, array), writer) in form.fields().iter().zip(arrays).zip(&mut self.writers) {
            for leaf in compute_leaves(field, &array)? {
                writer.write(&leaf)?;
            }
        }
        self.rows += rows;
        self.source_bytes += source_bytes;
        Ok(())
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether it should end.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.source_bytes >= SOURCE_BYTES || self.pages_bytes() >= PAGES_BYTES
    }

    /// Bytes that its pages have, and those not finished will have at most.
    pub(super) fn pages_bytes(&self) -> usize {
        self.writers.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Appends it to a file. Returns the bytes of each column.
    pub(super) fn end<W: Write + Send>(self, file: &mut SerializedFileWriter<W>) -> Result<Vec<u64>> {
        let mut sizes = Vec::with_capacity(self.writers.len());
        let mut group = file.next_row_group()?;
        for writer in self.writers {
            // One after the other, so that the pages of a column are there twice, not those of all.
            let chunk = writer.close()?;
            sizes.push(chunk.close().metadata.compressed_size().cast_unsigned());
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(sizes)
    }
}
