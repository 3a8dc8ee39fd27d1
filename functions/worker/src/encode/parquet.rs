//! Parquet: blocks of rows → row groups of column chunks, then the footer.
//!
//! Rows are gathered into batches of Arrow arrays, batches go to the column writers of a row group. Where a
//! batch or a row group ends depends on the rows alone, so the same rows give the same bytes.

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

/// Rows after which a batch is written. It is also what layouts are tried on: more rows gave files hardly
/// smaller and took as much longer.
const BATCH_ROWS: u64 = 8_192;

/// Bytes of COPY after which a batch is written, however few rows they are.
const BATCH_BYTES: usize = 4 << 20;

/// The encoder.
pub struct Parquet {
    columns: Vec<Building>,
    schema: Schema,
    compression: Compression,
    batch: Batch,
    /// Begun with the first batch.
    file: Option<File>,
}

/// A column and its values of the current batch.
struct Building {
    name: String,
    build: Box<dyn Build>,
}

/// What was gathered but not written.
#[derive(Default)]
struct Batch {
    /// Rows before it in the file.
    before: u64,
    rows: u64,
    /// Bytes of COPY that they were.
    bytes: usize,
}

impl Parquet {
    /// Decides per column how values are kept.
    pub fn new(columns: &[Column], output: &Output) -> Self {
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

    /// Writes what was gathered.
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
        // Not at the end of the block before: that one, which may be a single huge row, is gone by now.
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

/// The writer refuses only what arrays cannot hold, so this is a bug; its words go to the log, since an
/// [`EncodeError`] has no place for them.
fn refused(row: u64) -> impl Fn(ParquetError) -> EncodeError {
    move |error| {
        tracing::error!(%error, row, "the Parquet writer refused a batch");
        let problem = ValueProblem::Unsupported("what the Parquet writer refused");
        EncodeError { row, column: String::new(), problem }
    }
}

#[cfg(test)]
mod tests;
