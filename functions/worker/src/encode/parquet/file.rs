//! File being written: batches in, the bytes of finished row groups out.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_schema::{Fields, Schema};
use export::format::Compression;
use parquet::errors::Result;
use parquet::file::writer::SerializedFileWriter;

use super::group::Group;
use super::properties::Form;
use super::trial::{Choices, HUGE_BYTES};

/// Parquet file being written.
pub(super) struct File {
    form: Form,
    /// Writer, whose buffer holds the bytes not returned yet.
    writer: SerializedFileWriter<Vec<u8>>,
    choices: Choices,
    group: Option<Group>,
}

impl File {
    /// Begins a file without rows.
    pub(super) fn begin(fields: Fields, compression: Compression) -> Result<Self> {
        let choices = Choices::new(fields.len());
        let form = Form::new(Arc::new(Schema::new(fields)), compression)?;
        Ok(Self { writer: form.file(Vec::new(), &[])?, form, choices, group: None })
    }

    /// Adds a batch of `source_bytes` of COPY. Appends a row group to `out` if one became full.
    pub(super) fn write(
        &mut self,
        arrays: Vec<ArrayRef>,
        rows: u64,
        source_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if source_bytes > HUGE_BYTES
            && let Some(group) = self.group.take()
        {
            // Huge values are written with a different coding.
            self.end_group(group, out)?;
        }
        let mut group = match self.group.take() {
            Some(group) => group,
            None => {
                self.choices.choose(&self.form, &arrays)?;
                Group::new(&self.form, self.choices.codings())?
            }
        };
        group.write(&self.form, arrays, rows, source_bytes)?;
        if group.is_full() || source_bytes > HUGE_BYTES {
            return self.end_group(group, out);
        }
        self.group = Some(group);
        Ok(())
    }

    /// Appends the last row group and the footer to `out`.
    pub(super) fn end(mut self, out: &mut Vec<u8>) -> Result<()> {
        if let Some(group) = self.group.take() {
            self.end_group(group, out)?;
        }
        self.writer.finish()?;
        self.give(out)
    }

    fn end_group(&mut self, group: Group, out: &mut Vec<u8>) -> Result<()> {
        let rows = group.rows();
        // Growing while writing would need the memory twice.
        self.writer.inner_mut().reserve(group.pages_bytes());
        let sizes = group.end(&mut self.writer)?;
        self.choices.learn(rows, &sizes);
        self.give(out)
    }

    fn give(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.writer.flush()?;
        let bytes = std::mem::take(self.writer.inner_mut());
        if out.is_empty() {
            *out = bytes;
        } else {
            out.extend_from_slice(&bytes);
        }
        Ok(())
    }
}
