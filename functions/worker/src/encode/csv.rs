//! CSV, byte for byte as PostgreSQL's `COPY … (FORMAT csv, HEADER)` writes it.

mod quote;

use export::column::{Column, ColumnType};
use export::format::{CsvOptions, is_formula};

use super::column::{TextForm, Verbatim, Write, column_text};
use super::{Encode, EncodeError};
use crate::decode::{Block, Fields};
use quote::Quoting;

/// OID of `money`.
const MONEY: u32 = 790;

/// CSV encoder.
pub(super) struct Csv {
    columns: Vec<CsvColumn>,
    delimiter: u8,
    null: Vec<u8>,
    header: Option<Vec<u8>>,
    quoting: Quoting,
}

struct CsvColumn {
    name: String,
    write: Write,
    /// Function that finds the text inside the value, if no formula guard is needed. The text is then quoted while it
    /// is copied, in one pass.
    verbatim: Option<Verbatim>,
    /// True if a value may look like a formula and must be guarded.
    guarded: bool,
    /// True if a value may need quotes under these options.
    quotable: bool,
}

impl Csv {
    /// Decides per column how values are written.
    pub(super) fn new(columns: &[Column], options: &CsvOptions) -> Self {
        // Requests allow only one ASCII character.
        let delimiter = u8::try_from(options.delimiter).unwrap_or(b',');
        let null = options.null.clone().into_bytes();
        let mut quoting = Quoting::new(delimiter, &null, columns.len() == 1);
        let header = options.header.then(|| header(columns, options.formula_guard, delimiter, &mut quoting));
        let column = |c: &Column| {
            let TextForm { write, alphabet, verbatim } = column_text(c);
            let guarded = options.formula_guard && alphabet.is_none() && !is_harmless(c);
            let quotable = alphabet.is_none_or(|a| quoting.concerns(a));
            CsvColumn {
                name: c.name.clone(),
                write,
                verbatim: verbatim.filter(|_| !guarded),
                guarded,
                quotable,
            }
        };
        Self { columns: columns.iter().map(column).collect(), delimiter, null, header, quoting }
    }
}

/// Returns true if no text of the column can be a formula although it may contain any character or begin with a
/// minus: arrays begin with a brace or bracket, JSON with its own punctuation or a number, and money is a number.
/// Types with an alphabet are numbers, times and addresses.
fn is_harmless(column: &Column) -> bool {
    column.array || matches!(column.kind, ColumnType::Json | ColumnType::Jsonb) || column.oid == MONEY
}

fn header(columns: &[Column], guarded: bool, delimiter: u8, quoting: &mut Quoting) -> Vec<u8> {
    let mut line = Vec::new();
    for (i, column) in columns.iter().enumerate() {
        if i > 0 {
            line.push(delimiter);
        }
        let begin = line.len();
        line.extend_from_slice(column.name.as_bytes());
        if guarded {
            guard(&mut line, begin);
        }
        quoting.quote(&mut line, begin);
    }
    line.push(b'\n');
    line
}

impl Encode for Csv {
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        if block.before == 0
            && let Some(header) = &self.header
        {
            out.extend_from_slice(header);
        }
        let mut fields = Fields::new(&block.bytes);
        for row in 0..block.rows {
            let row = block.before + row + 1;
            fields.row().map_err(EncodeError::new(row, ""))?;
            for (i, column) in self.columns.iter().enumerate() {
                if i > 0 {
                    out.push(self.delimiter);
                }
                match fields.value().map_err(EncodeError::new(row, &column.name))? {
                    None => out.extend_from_slice(&self.null),
                    Some(value) if let Some(text) = column.verbatim => {
                        let text = text(value).map_err(EncodeError::new(row, &column.name))?;
                        self.quoting.append(text, out);
                    }
                    Some(value) => {
                        let begin = out.len();
                        (column.write)(value, out).map_err(EncodeError::new(row, &column.name))?;
                        if column.guarded {
                            guard(out, begin);
                        }
                        if column.quotable {
                            self.quoting.quote(out, begin);
                        }
                    }
                }
            }
            out.push(b'\n');
        }
        Ok(())
    }
}

/// Guards the text that begins at `begin` and ends at the end of `out`: texts that a spreadsheet would run as a formula
/// get a leading apostrophe (OWASP, *CSV injection*).
#[inline]
fn guard(out: &mut Vec<u8>, begin: usize) {
    if is_formula(&out[begin..]) {
        out.insert(begin, b'\'');
    }
}

#[cfg(test)]
mod tests;
