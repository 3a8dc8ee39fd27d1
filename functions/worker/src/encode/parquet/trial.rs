//! Choice of the layout of each column by trial: the first batch of a row group is written separately in each layout
//! with the real codec, and the smallest wins; then that one is tried with more effort.
//!
//! The head of a table may differ from the rest. So the second row group tries again, and later ones try the columns
//! whose bytes per row have changed. A trial writes one batch, at most a tenth of a row group, up to four times.

use arrow_array::{Array, ArrayRef};
use parquet::arrow::arrow_writer::compute_leaves;
use parquet::errors::{ParquetError, Result};

use super::layout::{Coding, Effort, Layout, layouts};
use super::properties::Form;

/// Minimum gain of a later layout over an earlier one, in percent and in rows per byte. So columns that take hardly
/// any space keep their dictionary, which is convenient for readers.
const WIN_PERCENT: u64 = 2;
const WIN_ROWS_PER_BYTE: usize = 8;

/// Change in bytes per row, in percent, after which a column is tried again.
const CHANGE_PERCENT: u64 = 25;

/// Size in bytes above which a column's batch counts as huge values. Their layout makes no difference, and each copy
/// of one costs memory: the bounds would be another copy.
pub(super) const HUGE_BYTES: usize = 8 << 20;
pub(super) const HUGE: Coding = Coding { layout: Layout::Plain, effort: Effort::Fast, bounds: false };

/// Codings for the next row group.
pub(super) struct Choices {
    codings: Vec<Coding>,
    /// Columns to be tried.
    open: Vec<bool>,
    /// Bytes per million rows of each column when it was last tried.
    rates: Vec<Option<u64>>,
    groups: u64,
}

impl Choices {
    /// Creates the state in which no column has been tried.
    pub(super) fn new(columns: usize) -> Self {
        Self {
            codings: vec![HUGE; columns],
            open: vec![true; columns],
            rates: vec![None; columns],
            groups: 0,
        }
    }

    /// Returns the codings, one per column.
    pub(super) fn codings(&self) -> &[Coding] {
        &self.codings
    }

    /// Tries the open columns on the first batch of a row group.
    pub(super) fn choose(&mut self, form: &Form, arrays: &[ArrayRef]) -> Result<()> {
        for (column, array) in arrays.iter().enumerate() {
            // The memory used by the values, not the capacity reserved for them.
            if array.to_data().get_slice_memory_size().is_ok_and(|bytes| bytes > HUGE_BYTES) {
                self.codings[column] = HUGE;
            } else if self.open[column] || self.codings[column] == HUGE {
                self.codings[column] = best(form, column, array)?;
            }
        }
        Ok(())
    }

    /// Records the bytes per column of a finished row group.
    pub(super) fn learn(&mut self, rows: u64, sizes: &[u64]) {
        self.groups += 1;
        for (column, size) in sizes.iter().enumerate() {
            let rate = size.saturating_mul(1_000_000) / rows.max(1);
            let changed = self.rates[column].is_some_and(|before| {
                rate.abs_diff(before).saturating_mul(100) > before.saturating_mul(CHANGE_PERCENT)
            });
            self.open[column] = self.groups == 1 || changed;
            if self.open[column] || self.rates[column].is_none() {
                self.rates[column] = Some(rate);
            }
        }
    }
}

/// Returns the best coding for a column's values.
fn best(form: &Form, column: usize, array: &ArrayRef) -> Result<Coding> {
    let (alone, layouts) = (form.alone(column)?, layouts(array.data_type()));
    let candidates =
        layouts.iter().map(|layout| Coding { layout: *layout, effort: Effort::Fast, bounds: true });
    let mut best: Option<(Coding, u64)> = None;
    let mut consider = |coding| {
        let size = size(&alone, array, coding)?;
        if best.is_none_or(|(_, smallest)| wins(size, smallest, array.len())) {
            best = Some((coding, size));
        }
        Ok::<_, ParquetError>(best.map_or(coding, |(coding, _)| coding))
    };
    let mut coding = HUGE;
    for candidate in candidates {
        coding = consider(candidate)?;
    }
    if form.has_effort() { consider(Coding { effort: Effort::Thorough, ..coding }) } else { Ok(coding) }
}

fn wins(size: u64, smallest: u64, rows: usize) -> bool {
    let margin = (smallest / 100 * WIN_PERCENT).max((rows / WIN_ROWS_PER_BYTE) as u64);
    size.saturating_add(margin) < smallest
}

/// Returns the size in bytes of the values in a coding.
fn size(alone: &Form, array: &ArrayRef, coding: Coding) -> Result<u64> {
    let mut size = 0;
    for mut writer in alone.writers(&[coding])? {
        for leaf in compute_leaves(&alone.fields()[0], array)? {
            writer.write(&leaf)?;
        }
        size += writer.close()?.close().metadata.compressed_size().cast_unsigned();
    }
    Ok(size)
}
