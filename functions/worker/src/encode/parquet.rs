//! Parquet: blocks of rows → row groups of column chunks, then the footer.
//!
//! Rows are collected into batches of Arrow arrays, and batches go to the column writers of a row group. The end of a
//! batch or row group depends only on the rows, so the same rows give the same bytes.

mod build;
mod bytes;
mod calendar;
mod decide;
mod decimal;
mod file;
mod group;
mod layout;
mod list;
mod properties;
mod scalar;
mod trial;

use arrow_schema::Fields as Schema;
use export::column::Column;
use export::format::{Compression, Output};
use parquet::errors::ParquetError;

use super::{Encode, EncodeError, ValueProblem};
use crate::decode::{Block, Fields};
use build::{Build, Fault};
use decide::decide;
use file::File;

/// Number of rows after which a batch is written. Layouts are tried on a batch too: larger batches gave hardly
/// smaller files and took proportionally longer.
const BATCH_ROWS: u64 = 8_192;

/// Bytes of COPY after which a batch is written, whatever the number of rows.
const BATCH_BYTES: usize = 4 << 20;

/// Parquet encoder.
pub(super) struct Parquet {
    columns: Vec<Building>,
    schema: Schema,
    compression: Compression,
    batch: Batch,
    /// Created with the first batch.
    file: Option<File>,
}

/// Column with its values of the current batch.
struct Building {
    name: String,
    build: Box<dyn Build>,
}

/// Rows collected but not written yet.
#[derive(Default)]
struct Batch {
    /// Rows before the batch in the file.
    before: u64,
    rows: u64,
    /// Size of the rows in bytes of COPY.
    bytes: usize,
}

impl Parquet {
    /// Decides per column how values are stored.
    pub(super) fn new(columns: &[Column], output: &Output) -> Self {
        let (mut fields, mut building) = (Vec::new(), Vec::new());
        for column in columns {
            let (field, build) = decide(column);
            fields.push(field);
            building.push(Building { name: column.name.clone(), build });
        }
        Self {
            columns: building,
            schema: fields.into(),
            compression: output.compression,
            batch: Batch::default(),
            file: None,
        }
    }

    /// Writes the collected rows.
    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let batch = std::mem::take(&mut self.batch);
        self.batch.before = batch.before + batch.rows;
        let mut arrays = Vec::with_capacity(self.columns.len());
        for column in &mut self.columns {
            let array = column.build.finish().map_err(|Fault { index, problem }| {
                EncodeError::new(batch.before + index as u64 + 1, &column.name)(problem)
            })?;
            arrays.push(array);
        }
        let refused = refused(self.batch.before);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::begin(self.schema.clone(), self.compression).map_err(&refused)?),
        };
        file.write(arrays, batch.rows, batch.bytes, out).map_err(&refused)
    }
}

impl Encode for Parquet {
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        // At the start of a block, not at the end of the one before: that block, possibly a single huge row, is freed
        // by now.
        if self.batch.rows >= BATCH_ROWS || self.batch.bytes >= BATCH_BYTES {
            self.flush(out)?;
        }
        let mut fields = Fields::new(&block.bytes);
        for row in 0..block.rows {
            let row = block.before + row + 1;
            fields.row().map_err(EncodeError::new(row, ""))?;
            for column in &mut self.columns {
                match fields.value().map_err(EncodeError::new(row, &column.name))? {
                    Some(value) => {
                        column.build.value(value).map_err(EncodeError::new(row, &column.name))?;
                    }
                    None => column.build.null(),
                }
            }
        }
        self.batch.rows += block.rows;
        self.batch.bytes += block.bytes.len();
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if self.batch.rows > 0 {
            self.flush(out)?;
        }
        match self.file.take() {
            Some(file) => file.end(out).map_err(refused(self.batch.before)),
            None => Ok(()),
        }
    }
}

/// Converts an error of the Parquet writer. The writer rejects only data that arrays cannot hold, so this is a bug.
/// The message is logged, since an [`EncodeError`] cannot hold it.
fn refused(row: u64) -> impl Fn(ParquetError) -> EncodeError {
    move |error| {
        tracing::error!(%error, row, "the Parquet writer refused a batch");
        let problem = ValueProblem::Unsupported("what the Parquet writer refused");
        EncodeError { row, column: String::new(), problem }
    }
}

#[cfg(test)]
mod tests;
