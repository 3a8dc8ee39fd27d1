//! NDJSON: one object per line, byte for byte as PostgreSQL's `row_to_json` writes it.
//!
//! The one exception: line breaks between the tokens of a `json` value become spaces.

use export::column::Column;

use super::column::{Write, column_json, json};
use super::{Encode, EncodeError};
use crate::decode::{Block, Fields};

/// NDJSON encoder.
pub(super) struct Ndjson {
    columns: Vec<NdjsonColumn>,
}

struct NdjsonColumn {
    name: String,
    /// Text before the value: a brace or comma, the name, a colon.
    key: Vec<u8>,
    write: Write,
}

impl Ndjson {
    /// Decides per column how values are written.
    pub(super) fn new(columns: &[Column]) -> Self {
        let column = |(i, c): (usize, &Column)| {
            let mut key = vec![if i == 0 { b'{' } else { b',' }];
            json::escape(c.name.as_bytes(), &mut key);
            key.push(b':');
            NdjsonColumn { name: c.name.clone(), key, write: column_json(c) }
        };
        Self { columns: columns.iter().enumerate().map(column).collect() }
    }
}

impl Encode for Ndjson {
    fn block(&mut self, block: &Block, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut fields = Fields::new(&block.bytes);
        for row in 0..block.rows {
            let row = block.before + row + 1;
            fields.row().map_err(EncodeError::new(row, ""))?;
            for column in &self.columns {
                out.extend_from_slice(&column.key);
                match fields.value().map_err(EncodeError::new(row, &column.name))? {
                    None => out.extend_from_slice(b"null"),
                    Some(value) => {
                        (column.write)(value, out).map_err(EncodeError::new(row, &column.name))?;
                    }
                }
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
