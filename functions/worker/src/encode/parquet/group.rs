//! Row group being written.

use std::io::Write;

use arrow_array::ArrayRef;
use parquet::arrow::arrow_writer::{ArrowColumnWriter, compute_leaves};
use parquet::errors::Result;
use parquet::file::writer::SerializedFileWriter;

use super::layout::Coding;
use super::properties::Form;

/// Bytes of COPY after which a row group ends. Memory use is determined by the data that pages are built from.
const SOURCE_BYTES: usize = 24 << 20;

/// Bytes of pages after which a row group ends. Rows that cannot be compressed reach this first, and several finished
/// row groups may wait for the upload.
const PAGES_BYTES: usize = 12 << 20;

/// Rows after which a row group ends.
const ROWS: u64 = 1 << 20;

/// Column writers and the amount of data written to them.
pub(super) struct Group {
    writers: Vec<ArrowColumnWriter>,
    rows: u64,
    source_bytes: usize,
}

impl Group {
    /// Creates an empty row group.
    pub(super) fn new(form: &Form, codings: &[Coding]) -> Result<Self> {
        Ok(Self { writers: form.writers(codings)?, rows: 0, source_bytes: 0 })
    }

    /// Adds a batch of `source_bytes` of COPY.
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

    /// Returns the number of rows so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Returns true if the row group should end.
    pub(super) fn is_full(&self) -> bool {
        self.rows >= ROWS || self.source_bytes >= SOURCE_BYTES || self.pages_bytes() >= PAGES_BYTES
    }

    /// Returns the bytes of its finished pages plus the maximum of the unfinished ones.
    pub(super) fn pages_bytes(&self) -> usize {
        self.writers.iter().map(ArrowColumnWriter::get_estimated_total_bytes).sum()
    }

    /// Appends the row group to a file. Returns the bytes of each column.
    pub(super) fn end<W: Write + Send>(self, file: &mut SerializedFileWriter<W>) -> Result<Vec<u64>> {
        let mut sizes = Vec::with_capacity(self.writers.len());
        let mut group = file.next_row_group()?;
        for writer in self.writers {
            // One after the other, so that only the pages of one column are in memory twice.
            let chunk = writer.close()?;
            sizes.push(chunk.close().metadata.compressed_size().cast_unsigned());
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
        Ok(sizes)
    }
}
